/** Methods by path, for telling an unknown path from a wrong method. Looked at only when no route matched. */
export interface RouteTable {
  /** Methods that the path has; empty when there is no such path. */
  methodsOf(path: string): string[];
}

export function createRouteTable(routes: readonly { method: string; path: string }[]): RouteTable {
  const rows = routes
    .filter((route) => route.method !== "OPTIONS" && !route.path.includes("*"))
    .map((route) => ({ method: route.method, form: formOf(route.path) }));
  return {
    methodsOf: (path) => [...new Set(rows.filter((row) => row.form.test(path)).map((row) => row.method))].sort(),
  };
}

function formOf(path: string): RegExp {
  const segments = path.split("/").map((segment) => (segment.startsWith(":") ? "[^/]+" : escaped(segment)));
  return new RegExp(`^${segments.join("/")}/?$`);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?|()[\]{}]/g, "\\$&");
}
