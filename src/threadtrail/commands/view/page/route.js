// The address: `#handle` is what is open, `#a|b` two things side by side, nothing the list alone.

// Letters that an address may have as they are stay readable.
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
