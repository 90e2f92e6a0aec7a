import { CircleUser, LogOut, Menu, Monitor, Moon, Search, Sun } from "lucide-react";
import { Suspense, lazy, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { useWaiting } from "#console/inbox/use-waiting.ts";
import { useSession, useWho } from "#console/session/session.tsx";
import { Brand } from "#console/shell/brand.tsx";
import { Failure } from "#console/shell/failure.tsx";
import { type Place, allPlaces, documentation, places } from "#console/shell/places.ts";
import { Views } from "#console/shell/views.tsx";
import { type Theme, chooseTheme, storedTheme } from "#console/theme.ts";
import { IconButton } from "#console/ui/button.tsx";
import { Dialog } from "#console/ui/dialog.tsx";
import { Bones } from "#console/ui/empty.tsx";

const Palette = lazy(async () => ({ default: (await import("#console/shell/palette.tsx")).Palette }));

type Overlay = "palette" | "menu" | null;

export function Shell() {
  const [overlay, setOverlay] = useState<Overlay>(null);
  const [location] = useLocation();
  useEffect(() => setOverlay(null), [location]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      setOverlay((before) => (before === "palette" ? null : "palette"));
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <div className="shell">
      <a
        className="button skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("content")?.focus();
        }}
      >
        Skip to the content
      </a>
      <aside>
        <Link className="home" href="/runs">
          <Brand />
        </Link>
        <SearchButton onClick={() => setOverlay("palette")} />
        <Navigation />
        <Account />
      </aside>
      <div className="top-bar">
        <Link className="home" href="/runs">
          <Brand />
        </Link>
        <IconButton label="Search and go to" onClick={() => setOverlay("palette")}>
          <Search size={19} />
        </IconButton>
      </div>
      <main id="content" tabIndex={-1}>
        <Failure key={location}>
          <Suspense fallback={<Bones />}>
            <Views />
          </Suspense>
        </Failure>
      </main>
      <BottomBar onMore={() => setOverlay("menu")} />
      {overlay === "palette" && (
        <Suspense>
          <Palette onClose={() => setOverlay(null)} />
        </Suspense>
      )}
      {overlay === "menu" && (
        <Dialog title="Go to" onClose={() => setOverlay(null)}>
          <Navigation />
          <Account />
        </Dialog>
      )}
    </div>
  );
}

function SearchButton({ onClick }: { onClick: () => void }) {
  const isMac = navigator.platform.startsWith("Mac");
  return (
    <button type="button" className="button search-button" onClick={onClick}>
      <Search size={16} />
      Go to
      <kbd>{isMac ? "⌘K" : "Ctrl K"}</kbd>
    </button>
  );
}

function useIsAt(path: string): boolean {
  const [location] = useLocation();
  return location === path || location.startsWith(`${path}/`) || (path === "/runs" && location === "/");
}

function PlaceLink({ place }: { place: Place }) {
  const waiting = useWaiting().data?.length ?? 0;
  const isHere = useIsAt(place.path);
  const Icon = place.icon;
  return (
    <Link href={place.path} aria-current={isHere ? "page" : undefined}>
      <Icon size={17} strokeWidth={1.8} aria-hidden="true" />
      {place.label}
      {place.path === "/inbox" && waiting > 0 && <span className="count">{waiting}</span>}
    </Link>
  );
}

function Navigation() {
  const Book = documentation.icon;
  return (
    <nav className="nav" aria-label="Main">
      {places.map(({ heading, items }) => (
        <div key={heading ?? "work"}>
          {heading && <h2>{heading}</h2>}
          {items.map((place) => (
            <PlaceLink key={place.path} place={place} />
          ))}
        </div>
      ))}
      <a href={documentation.href} target="_blank" rel="noreferrer">
        <Book size={17} strokeWidth={1.8} aria-hidden="true" />
        {documentation.label}
      </a>
    </nav>
  );
}

function Account() {
  const { leave } = useSession();
  const { principal } = useWho();
  return (
    <div className="who">
      <div className="row tight" title={principal.roles.join(", ")}>
        <CircleUser size={17} strokeWidth={1.8} aria-hidden="true" />
        <span className="cut">{principal.user_id}</span>
      </div>
      <div className="row spread tight">
        <ThemeSwitch />
        <IconButton label="Sign out" size="small" onClick={() => leave()}>
          <LogOut size={16} />
        </IconButton>
      </div>
    </div>
  );
}

const themes: { theme: Theme; label: string; icon: typeof Sun }[] = [
  { theme: "light", label: "Light", icon: Sun },
  { theme: "dark", label: "Dark", icon: Moon },
  { theme: "system", label: "As the system", icon: Monitor },
];

function ThemeSwitch() {
  const [theme, setTheme] = useState(storedTheme);
  return (
    <div className="segments" role="group" aria-label="Theme">
      {themes.map(({ theme: each, label, icon: Icon }) => (
        <button
          key={each}
          type="button"
          aria-label={label}
          title={label}
          aria-pressed={each === theme}
          onClick={() => {
            chooseTheme(each);
            setTheme(each);
          }}
        >
          <Icon size={15} />
        </button>
      ))}
    </div>
  );
}

function BottomBar({ onMore }: { onMore: () => void }) {
  const waiting = useWaiting().data?.length ?? 0;
  return (
    <nav className="tab-bar" aria-label="Main">
      {allPlaces
        .filter(({ path }) => ["/runs", "/inbox", "/chat", "/bundles"].includes(path))
        .map((place) => (
          <BottomLink key={place.path} place={place} count={place.path === "/inbox" ? waiting : 0} />
        ))}
      <button type="button" onClick={onMore}>
        <Menu size={20} strokeWidth={1.8} aria-hidden="true" />
        More
      </button>
    </nav>
  );
}

function BottomLink({ place, count }: { place: Place; count: number }) {
  const isHere = useIsAt(place.path);
  const Icon = place.icon;
  return (
    <Link href={place.path} aria-current={isHere ? "page" : undefined}>
      <Icon size={20} strokeWidth={1.8} aria-hidden="true" />
      {place.label}
      {count > 0 && <span className="count">{count}</span>}
    </Link>
  );
}
