// What is chosen at present, and the functions to call when that changes.

export const state = {
  query: "",
  chosen: {},
  failedOnly: false,
  within: null,
  range: null,
  sort: { field: "started", down: true },
  expanded: new Set(),
  selected: null,
  marked: null,
};

const listeners = [];

export function onChange(listener) {
  listeners.push(listener);
}

export function change(values) {
  Object.assign(state, values);
  for (const listener of listeners) listener();
}
