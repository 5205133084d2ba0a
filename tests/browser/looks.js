// What a test wants to know of a page, and only a browser can tell.
const bare = (text) => text.match(/[\d.]+/g).map(Number);

const luminance = (colour) => {
  const [r, g, b] = colour.map((part) => part / 255).map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const [r, g, b, alpha = 1] = bare(getComputedStyle(at).backgroundColor);
    if (alpha === 1) return [r, g, b];
  }
  return [255, 255, 255];
};

const shown = (element) => element.checkVisibility() && getComputedStyle(element).clipPath === "none";

// Return each text that is hard to read, with its contrast: less than 4.5 to 1, or 3 to 1 where it is large.
function faint() {
  const found = [];
  for (const element of document.querySelectorAll("body *:not(script)")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join("").trim();
    if (!text || !shown(element)) continue;
    const style = getComputedStyle(element);
    const ink = bare(element instanceof SVGElement ? style.fill : style.color).slice(0, 3);
    const [dark, light] = [luminance(ink), luminance(ground(element))].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${element.tagName} ${text}`);
  }
  return found;
}

// Return each element that sticks out of the page and can't be scrolled to in a box of its own.
function wide() {
  const edge = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")]
    .filter((element) => shown(element) && !element.closest(".scroll") && element.getBoundingClientRect().right > edge + 1)
    .map((element) => element.outerHTML.slice(0, 80));
}
