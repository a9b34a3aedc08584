// Problems of what is on the page now: text too faint for its ground, fields without a name.
() => {
  const channels = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    return { rgb: [red, green, blue], alpha };
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const over = (top, ground) => top.rgb.map((c, i) => c * top.alpha + ground[i] * (1 - top.alpha));
  const groundOf = (element) => {
    if (!element) return [255, 255, 255];
    const own = channels(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own.rgb : over(own, groundOf(element.parentElement));
  };
  const problems = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (element.closest("style, script, noscript, :disabled, [aria-hidden=true]")) continue;
    const ground = groundOf(element);
    const [light, dark] = [luminance(over(channels(getComputedStyle(element).color), ground)), luminance(ground)]
      .sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) problems.push(`contrast ${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  for (const field of document.querySelectorAll("textarea, input, button, select")) {
    if (!field.checkVisibility()) continue;
    const labels = [...(field.labels ?? [])].map((label) => label.textContent).join("");
    if (!(field.getAttribute("aria-label") || labels || field.textContent).trim())
      problems.push(`no name: ${field.outerHTML.slice(0, 120)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) problems.push("wider than the screen");
  return problems;
};
