/** As a constructed sheet, which a content-security policy lets through; all colours come from the page's text colour. */
const rules = `
.cnnc-view {
  --line: color-mix(in srgb, currentColor 16%, transparent);
  --soft: color-mix(in srgb, currentColor 66%, transparent);
  font: 14px/1.45 system-ui, sans-serif;
}
.cnnc-view [hidden] { display: none; }
.cnnc-view p, .cnnc-view h3, .cnnc-view figure { margin: 0; }
.cnnc-raster { display: block; max-width: 100%; height: auto; border-radius: 2px; box-shadow: 0 0 0 1px var(--line); }
.cnnc-about, .cnnc-reading, .cnnc-view figcaption { color: var(--soft); font-size: 13px; }
.cnnc-lens .cnnc-reading { font-size: 12px; }
.cnnc-reading { font-variant-numeric: tabular-nums; min-height: 1.45em; }
.cnnc-top { display: flex; flex-wrap: wrap; gap: 20px 32px; align-items: flex-start; margin-bottom: 28px; }
.cnnc-top > :last-child { flex: 1 1 240px; max-width: 480px; }
.cnnc-figures { display: flex; flex-wrap: wrap; gap: 16px 20px; }
.cnnc-figures + .cnnc-figures { margin-top: 16px; }
.cnnc-saliency figure { width: clamp(140px, 40vw, 196px); }
.cnnc-saliency figcaption { margin-top: 6px; color: inherit; }
.cnnc-output table { border-collapse: collapse; width: 100%; }
.cnnc-output caption { text-align: start; font-weight: 600; padding-bottom: 4px; }
.cnnc-output th { text-align: start; font-weight: 400; padding: 1px 12px 1px 0; min-width: 1.5em; }
.cnnc-output .cnnc-bar { width: 100%; padding: 1px 0; }
.cnnc-bar span { display: block; height: 12px; min-width: 1px; border-radius: 2px; background: var(--soft); opacity: 0.55; }
.cnnc-best th, .cnnc-best .cnnc-figure { font-weight: 650; }
.cnnc-best .cnnc-bar span { background: #d97a28; opacity: 1; }
.cnnc-figure { text-align: end; padding-left: 10px; font-variant-numeric: tabular-nums; white-space: nowrap; }
.cnnc-output + .cnnc-output { margin-top: 16px; }
.cnnc-layer { border-top: 1px solid var(--line); padding: 14px 0 18px; }
.cnnc-layer header { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: baseline; margin-bottom: 10px; }
.cnnc-layer h3 { font: 600 15px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.cnnc-legend {
  display: inline-flex; gap: 6px; align-items: center; margin-left: auto;
  font-size: 12px; color: var(--soft); font-variant-numeric: tabular-nums;
}
.cnnc-scale { width: 96px; height: 10px; border-radius: 2px; box-shadow: 0 0 0 1px var(--line); }
.cnnc-filters { margin-bottom: 14px; }
.cnnc-filters > p { margin-bottom: 6px; min-height: 1.45em; font-variant-numeric: tabular-nums; }
.cnnc-maps { display: flex; flex-wrap: wrap; gap: 14px 20px; align-items: flex-start; }
.cnnc-lens { flex: 0 0 176px; }
.cnnc-lens label { display: block; margin-top: 8px; font-size: 13px; }
.cnnc-lens input {
  width: 4.5em; font: inherit; padding: 0 2px; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: 3px;
}
.cnnc-main { flex: 1 1 300px; min-width: 0; }
.cnnc-tiles { display: flex; flex-wrap: wrap; gap: 5px; }
.cnnc-tiles canvas { cursor: pointer; }
.cnnc-tiles .cnnc-marked { box-shadow: 0 0 0 2px currentColor; }
.cnnc-more {
  margin-top: 8px; font: inherit; font-size: 13px; color: inherit; cursor: pointer;
  background: transparent; border: 1px solid var(--line); border-radius: 4px; padding: 2px 10px;
}
.cnnc-strip .cnnc-reading { margin-top: 6px; }
.cnnc-layer details { margin-top: 14px; }
.cnnc-layer summary { cursor: pointer; font-size: 13px; }
.cnnc-layer details > .cnnc-layer { margin-left: 18px; }
.cnnc-layer details[open] > summary { margin-bottom: 10px; }
`;

let sheet: CSSStyleSheet | undefined;

/** Gives the page the rules, once. */
export function adopt(): void {
  if (sheet) return;
  sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
