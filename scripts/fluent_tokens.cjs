// Writes integrations/web/static/tokens.css: Fluent's design tokens that tandem.css names.
//
//   npm install --no-save @fluentui/tokens@1.0.0-alpha.24
//   node scripts/fluent_tokens.cjs
//
// Run again after tandem.css names a token it did not name before.

const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");

const local = createRequire(path.join(process.cwd(), "package.json"));
const fluent = local("@fluentui/tokens");
const { version } = local("@fluentui/tokens/package.json");

const folder = path.join(__dirname, "..", "integrations", "web", "static");
const named = fs.readFileSync(path.join(folder, "tandem.css"), "utf8").matchAll(/var\(--(\w+)/g);
const names = [...new Set([...named].map((found) => found[1]))].sort();

const light = fluent.webLightTheme;
const dark = fluent.webDarkTheme;
const contrast = fluent.teamsHighContrastTheme;
for (const name of names) {
  if (!(name in light)) throw new Error(`Fluent has no token ${name}`);
}

// Sizes follow the reader's own font size.
const SIZES = /^(fontSize|lineHeight|spacing)/;
const inRem = (name, value) =>
  SIZES.test(name) ? value.replace(/^(\d+)px$/, (_, px) => `${px / 16}rem`) : value;

// What the colours of Fluent's high contrast theme stand for.
function systemColour(name, value) {
  if (value === "#000000") return /Foreground/.test(name) ? "HighlightText" : "Canvas";
  if (value === "#1aebff") return "Highlight";
  if (value === "#ffff00") return "LinkText";
  if (value === "#3ff23f") return "GrayText";
  if (name === "colorBrandBackground") return "Highlight";
  return "CanvasText";
}

const lines = (theme, differs, indent) =>
  names
    .filter(differs)
    .map((name) => `${indent}--${name}: ${theme(name)};`)
    .join("\n");

// As it is, where Teams shows it: a fixed theme, in a browser that forces no colours.
const coloured = names.filter((name) => /^(color|shadow)/.test(name));
const lookOf = (of) => coloured.map((name) => `    --${name}: ${of[name]};`).join("\n");

const always = lines((name) => inRem(name, light[name]), () => true, "  ");
const night = lines((name) => dark[name], (name) => dark[name] !== light[name], "    ");
const forced = lines(
  (name) => systemColour(name, contrast[name]),
  (name) => name.startsWith("color"),
  "    ",
);

fs.writeFileSync(
  path.join(folder, "tokens.css"),
  `/* Fluent 2 design tokens: those that tandem.css names, of @fluentui/tokens ${version}.
 * Copyright (c) Microsoft Corporation, MIT License (fluent.LICENSE.txt beside this file).
 *
 * Made by scripts/fluent_tokens.cjs; change that, not this. Light is Fluent's webLightTheme, dark
 * its webDarkTheme where that differs. With forced colours the names are those of its high
 * contrast theme, with the system's own colours in the place of the fixed ones. Font sizes, line
 * heights and spaces are written in rem (16 px), so that they follow the reader's own font size.
 *
 * data-theme names the theme that Teams has around a tab. It stands above what the system likes, and
 * forced colours stand above it.
 */

:root {
${always}
}

@media screen and (prefers-color-scheme: dark) {
  :root:not([data-theme]) {
${night}
  }
}

@media screen {
  :root[data-theme="dark"] {
${lookOf(dark)}
  }
  :root[data-theme="contrast"] {
${lookOf(contrast)}
  }
}

@media (forced-colors: active) {
  :root, :root[data-theme] {
${forced}
  }
}
`,
);
console.log(`${names.length} tokens`);
