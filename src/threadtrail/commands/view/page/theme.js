// Light or dark: as the system is, until somebody chooses.

import { $ } from "./dom.js";

const KEY = "threadtrail-theme";

export function buildTheme() {
  apply(remembered());
  $("theme-button").addEventListener("click", switchTheme);
}

export function switchTheme() {
  const dark = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const theme = dark === "dark" ? "light" : "dark";
  apply(theme);
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // A page from a file may have no storage.
  }
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function apply(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
