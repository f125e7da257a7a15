// The address: `#handle` opens a run, `#a|b` two side by side; without either, there is only the list.

// Keeps letters readable that need no escape in an address.
const encoded = (handle) => encodeURIComponent(handle).replaceAll("%3A", ":").replaceAll("%40", "@");

export const addressOf = (...handles) => `#${handles.map(encoded).join("|")}`;

export function route() {
  return location.hash
    .slice(1)
    .split(/\||%7C/i)
    .filter(Boolean)
    .slice(0, 2)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
}

export function go(...handles) {
  const address = handles.length > 0 ? addressOf(...handles) : "#";
  if (address !== (location.hash || "#")) location.hash = address;
}

// Changes the address without a new step for the back button: for moving along the list.
export function pass(handle) {
  history.replaceState(null, "", addressOf(handle));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
