// Makes elements without parsing HTML, so that the content of a recording can only become text.

export const $ = (id) => document.getElementById(id);

// Children may be nested lists; null, undefined and false are left out.
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Styles are set one by one: a style attribute would be refused by the page's own policy.
export function placed(element, styles) {
  for (const [name, value] of Object.entries(styles)) element.style.setProperty(name, value);
  return element;
}

export function say(sentence) {
  $("said").textContent = sentence;
}
