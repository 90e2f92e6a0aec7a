import { createRoot } from "react-dom/client";
import { App } from "#console/app.tsx";
import { followSystemTheme } from "#console/theme.ts";

const place = document.getElementById("console");
if (!place) throw new Error("the page has no place for the console");
followSystemTheme();
createRoot(place).render(<App />);
