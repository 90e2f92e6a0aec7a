import {
  Activity,
  BookOpen,
  Blend,
  Boxes,
  Cable,
  CalendarClock,
  Cpu,
  FolderOpen,
  Inbox,
  ListTree,
  type LucideIcon,
  MessageSquare,
  Users,
  Waypoints,
  Webhook,
} from "lucide-react";

export interface Place {
  path: string;
  label: string;
  icon: LucideIcon;
  /** Only shown to administrators. */
  isForAdmins?: boolean;
}

/** Where one can go, in the order of the navigation. */
export const places: { heading: string | null; items: Place[] }[] = [
  {
    heading: null,
    items: [
      { path: "/runs", label: "Runs", icon: ListTree },
      { path: "/inbox", label: "Inbox", icon: Inbox },
      { path: "/chat", label: "Chat", icon: MessageSquare },
      { path: "/schedules", label: "Schedules", icon: CalendarClock },
    ],
  },
  {
    heading: "Material",
    items: [
      { path: "/bundles", label: "Bundles", icon: Boxes },
      { path: "/artifacts", label: "Artifacts", icon: FolderOpen },
      { path: "/studio", label: "Studio", icon: Blend },
      { path: "/graph", label: "Knowledge", icon: Waypoints },
      { path: "/models", label: "Models", icon: Cpu },
      { path: "/connections", label: "Connections", icon: Cable },
    ],
  },
  {
    heading: "Gateway",
    items: [
      { path: "/people", label: "People and tokens", icon: Users },
      { path: "/webhooks", label: "Webhooks", icon: Webhook },
      { path: "/system", label: "System", icon: Activity },
    ],
  },
];

export const allPlaces: Place[] = places.flatMap(({ items }) => items);

/** Where the API is described: a page beside this one. */
export const documentation = { href: "docs", label: "API", icon: BookOpen };
