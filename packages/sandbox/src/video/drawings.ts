const WORDS_SHOWN = 9;
const LETTERS_A_LINE = 18;

/** A placeholder for a missing image: the first words of the prompt on a gradient whose colours depend on the prompt. */
export function placeholderSvg(prompt: string): string {
  const hue = hash(prompt) % 360;
  const lines = wrap(prompt.replaceAll(/\[sandbox:[^\]]*\]/gi, ' '));
  const top = 360 - (lines.length - 1) * 48;
  const text = lines
    .map((line, index) => `<tspan x="640" y="${top + index * 96}">${escapeXml(line)}</tspan>`)
    .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="1280" height="720">
<defs>
<linearGradient id="sky" x1="0" y1="0" x2="1" y2="1">
<stop offset="0" stop-color="hsl(${hue},65%,24%)"/>
<stop offset="0.55" stop-color="hsl(${(hue + 50) % 360},60%,42%)"/>
<stop offset="1" stop-color="hsl(${(hue + 95) % 360},75%,62%)"/>
</linearGradient>
<radialGradient id="glow"><stop offset="0" stop-color="#fff" stop-opacity="0.55"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
</defs>
<rect width="1280" height="720" fill="url(#sky)"/>
<circle cx="980" cy="170" r="330" fill="url(#glow)"/>
<circle cx="230" cy="640" r="260" fill="url(#glow)" opacity="0.5"/>
<path d="M0 560 Q320 430 640 540 T1280 500 V720 H0 Z" fill="#000" opacity="0.16"/>
<path d="M0 630 Q360 540 720 620 T1280 590 V720 H0 Z" fill="#000" opacity="0.2"/>
<text font-family="Georgia,DejaVu Serif,serif" font-size="78" fill="#fff" text-anchor="middle">${text}</text>
</svg>`;
}

/** The sample image, hills at sunset. Its URL works without the internet. */
export const SAMPLE_SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="960" height="640">
<defs>
<linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
<stop offset="0" stop-color="#1d2b64"/><stop offset="0.5" stop-color="#c0607a"/><stop offset="0.8" stop-color="#f8a15a"/>
</linearGradient>
<radialGradient id="glow"><stop offset="0" stop-color="#fff3c4"/><stop offset="0.2" stop-color="#ffe08a" stop-opacity="0.9"/><stop offset="1" stop-color="#ffb457" stop-opacity="0"/></radialGradient>
<linearGradient id="lake" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#e58f6a"/><stop offset="1" stop-color="#2b2a5c"/></linearGradient>
</defs>
<rect width="960" height="640" fill="url(#sky)"/>
<circle cx="620" cy="330" r="210" fill="url(#glow)"/>
<circle cx="620" cy="330" r="46" fill="#fff6d8"/>
<path d="M0 390 L130 250 L240 350 L360 210 L500 370 L610 300 L740 400 L850 290 L960 380 V470 H0 Z" fill="#5b3a66"/>
<path d="M0 430 L160 330 L300 420 L470 340 L640 440 L800 370 L960 440 V500 H0 Z" fill="#3c2a55"/>
<rect y="455" width="960" height="185" fill="url(#lake)"/>
<g fill="#ffe9b0" opacity="0.6"><rect x="560" y="470" width="120" height="4"/><rect x="585" y="490" width="80" height="4"/><rect x="548" y="512" width="150" height="4"/><rect x="590" y="536" width="70" height="4"/><rect x="570" y="562" width="110" height="4"/></g>
<path d="M0 520 Q120 470 250 540 T470 642 H0 Z" fill="#1c1636"/>
<g fill="#15102b"><path d="M90 540 L120 380 L150 540 Z"/><path d="M140 560 L166 430 L192 560 Z"/><path d="M40 550 L64 440 L88 550 Z"/></g>
</svg>`;

/** The first words of the prompt, in lines. */
function wrap(prompt: string): string[] {
  const words = prompt.split(/\s+/).filter((word) => word !== '');
  const lines: string[] = [];
  for (const word of words.slice(0, WORDS_SHOWN)) {
    const line = lines.at(-1);
    const short = word.slice(0, LETTERS_A_LINE);
    if (line !== undefined && line.length + short.length < LETTERS_A_LINE)
      lines[lines.length - 1] = `${line} ${short}`;
    else lines.push(short);
  }
  const shown = lines.slice(0, 4);
  return words.length > WORDS_SHOWN || lines.length > 4
    ? [...shown.slice(0, -1), `${shown.at(-1) ?? ''}…`]
    : shown;
}

/** Escapes text for XML and removes characters that XML does not allow. */
function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}
