// Numbers and times for people.

const wholeNumber = new Intl.NumberFormat("en-US");
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const fullDay = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric" });

export const count = (number) => wholeNumber.format(number);
export const short = (number) => (number < 10000 ? wholeNumber.format(number) : compact.format(number));
export const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

// Milliseconds as "12ms", "2.1s", "3m05s", "1h02m", as the console writes them (console_text.py).
export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "";
  if (milliseconds > 0 && milliseconds < 1) return "<1ms";
  if (milliseconds > 0 && Math.round(milliseconds) < 100) return `${Math.round(milliseconds)}ms`;
  const tenths = Math.round(milliseconds / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)}s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
  return `${Math.floor(seconds / 3600)}h${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")}m`;
}

// A moment on an axis, in milliseconds from its start; it is exact to the millisecond, to compare bars.
export const position = (milliseconds) => (milliseconds < 60000 ? `${(milliseconds / 1000).toFixed(3)}s` : duration(milliseconds));

// An amount of money: two decimals from 1 up, four below, and for very small ones the first two that are not zero.
export function cost(amount, currency) {
  if (amount === null || amount === undefined) return "";
  const sign = currency === "USD" ? "$" : `${currency} `;
  if (amount === 0 || amount >= 1) return `${sign}${money.format(amount)}`;
  return `${sign}${amount.toFixed(Math.min(12, Math.max(4, 1 - Math.floor(Math.log10(amount)))))}`;
}

export const timeOfDay = (milliseconds) => clock.format(milliseconds);
export const date = (milliseconds) => day.format(milliseconds);
export const moment = (milliseconds) => `${fullDay.format(milliseconds)}, ${clock.format(milliseconds)}`;

export function span(from, until) {
  if (day.format(from) === day.format(until)) return `${day.format(from)}, ${clock.format(from)} – ${clock.format(until)}`;
  return `${day.format(from)}, ${clock.format(from)} – ${day.format(until)}, ${clock.format(until)}`;
}

export function bytes(number) {
  if (number < 1000) return `${number} B`;
  return number < 1e6 ? `${Math.round(number / 1000)} kB` : `${(number / 1e6).toFixed(1)} MB`;
}

export const percent = (part, of) => (of > 0 ? `${Math.round((100 * part) / of)} %` : "");
