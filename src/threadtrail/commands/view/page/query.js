// Finds the rows that match the search and the filters.

export const FACETS = ["status", "model", "name", "source", "trace", "user", "session", "tag"];

const TERM = /(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/g;

// Returns the terms of a search: words that must occur somewhere, and `field:value`.
export function terms(query) {
  return [...query.toLowerCase().matchAll(TERM)].map(([whole, field, quoted, word]) => {
    const value = quoted ?? word;
    return FACETS.includes(field) ? { field, value } : { field: null, value: field === undefined ? value : whole };
  });
}

export function valuesOf(row, field) {
  if (field === "tag") return row.tags;
  return row[field] === null || row[field] === undefined ? [] : [row[field]];
}

// Returns the words of a search that may occur anywhere.
export const wordsOf = (query) => terms(query).filter(({ field }) => field === null).map(({ value }) => value);

// `within` has the handles of the rows whose content has the words of the search, if the content was searched.
export function matcher({ query, chosen, failedOnly, within }) {
  const searched = terms(query);
  const fields = Object.entries(chosen).filter(([, value]) => value !== "");
  return (row) =>
    (!failedOnly || row.state === "bad") &&
    fields.every(([field, value]) => valuesOf(row, field).includes(value)) &&
    searched.every(({ field, value }) =>
      field === null ? (within?.has(row.handle) ?? false) || textOf(row).includes(value) : valuesOf(row, field).some((each) => each.toLowerCase().includes(value)),
    );
}

function textOf(row) {
  row.text ??= [row.handle, row.name, row.model, row.status, row.preview, row.answer, row.error, row.user, row.session, row.trace, row.source, ...row.tags]
    .filter(Boolean)
    .join("\n")
    .toLowerCase();
  return row.text;
}

// Returns how often each value of a field occurs among runs, most frequent first.
export function counts(rows, field) {
  const found = new Map();
  for (const row of rows) for (const value of valuesOf(row, field)) found.set(value, (found.get(value) ?? 0) + 1);
  return [...found].sort((one, other) => other[1] - one[1]);
}
