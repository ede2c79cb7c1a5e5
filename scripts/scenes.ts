import sharp from 'sharp';

const WIDTH = 960;
const HEIGHT = 640;

/** Input images for the screenshots, drawn here to avoid licence questions. */
const SCENES = {
  lighthouse: `
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="#1d2671"/><stop offset=".55" stop-color="#c33764"/><stop offset="1" stop-color="#f7b267"/></linearGradient>
    <rect width="960" height="640" fill="url(#sky)"/>
    <circle cx="250" cy="405" r="62" fill="#ffe8b0"/>
    <rect y="420" width="960" height="220" fill="#16365c"/>
    <g fill="#ffd9a0" opacity=".55"><rect x="190" y="432" width="120" height="5"/><rect x="208" y="452" width="86" height="4"/><rect x="170" y="476" width="150" height="5"/><rect x="220" y="504" width="62" height="4"/></g>
    <path d="M560 640 L610 520 Q700 470 800 505 L960 560 V640Z" fill="#0c1526"/>
    <path d="M676 500 L694 270 H746 L764 500Z" fill="#f4f1ea"/>
    <path d="M684 400 H756 L760 450 H680Z M690 312 H750 L753 352 H687Z" fill="#b3382c"/>
    <rect x="684" y="256" width="72" height="16" rx="3" fill="#20283a"/>
    <rect x="698" y="214" width="44" height="42" fill="#fff3c4"/>
    <path d="M690 214 L720 184 L750 214Z" fill="#b3382c"/>
    <path d="M742 226 L960 150 V250Z M698 226 L400 140 V262Z" fill="#fff3c4" opacity=".22"/>`,
  mountains: `
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="#0b1030"/><stop offset="1" stop-color="#3f5a9d"/></linearGradient>
    <rect width="960" height="640" fill="url(#sky)"/>
    <g fill="#fff"><circle cx="90" cy="80" r="2"/><circle cx="210" cy="150" r="1.6"/><circle cx="330" cy="60" r="2.2"/><circle cx="470" cy="120" r="1.5"/><circle cx="560" cy="50" r="2"/><circle cx="640" cy="170" r="1.6"/><circle cx="880" cy="90" r="2.2"/><circle cx="830" cy="200" r="1.4"/><circle cx="140" cy="230" r="1.4"/></g>
    <circle cx="742" cy="118" r="46" fill="#fdf6dc"/><circle cx="726" cy="108" r="46" fill="#1c2955"/>
    <path d="M0 420 L170 240 L290 350 L450 170 L640 380 L760 280 L960 440 V640 H0Z" fill="#2c4480"/>
    <path d="M450 170 L512 240 L476 252 L446 232 L404 262 L392 236Z M170 240 L214 282 L176 290 L136 276Z" fill="#e9eefc"/>
    <path d="M0 500 L220 380 L420 480 L620 400 L960 510 V640 H0Z" fill="#1a2c58"/>
    <path d="M0 560 H960 V640 H0Z" fill="#0d1734"/>
    <g fill="#0a122a"><path d="M60 566 l26 -78 26 78Z M130 566 l20 -60 20 60Z M800 566 l28 -86 28 86Z M870 566 l20 -62 20 62Z"/></g>`,
  desert: `
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="#4ca1af"/><stop offset="1" stop-color="#fbe6c4"/></linearGradient>
    <rect width="960" height="640" fill="url(#sky)"/>
    <circle cx="700" cy="150" r="54" fill="#fff7df"/>
    <path d="M0 380 Q240 300 480 370 T960 340 V640 H0Z" fill="#e3a765"/>
    <path d="M0 450 Q300 350 560 450 T960 430 V640 H0Z" fill="#d18b4a"/>
    <path d="M560 450 Q760 500 960 430 V640 H340Z" fill="#b6713a"/>
    <path d="M0 560 Q320 470 700 570 T960 560 V640 H0Z" fill="#a5622f"/>
    <g fill="#5b3418"><g id="camel"><path d="M200 404 q7 -18 16 -5 q7 -15 16 -2 l4 7 -2 26 h-4 l-1 -17 h-18 l-1 17 h-4 l-3 -22Z"/><path d="M234 403 q9 -3 9 -18 l9 2 v5 l-5 1 q-1 15 -13 17Z"/></g><use href="#camel" x="70" y="12"/><use href="#camel" x="146" y="18"/></g>`,
  forest: `
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="#dfe9e2"/><stop offset="1" stop-color="#9fc0a8"/></linearGradient>
    <rect width="960" height="640" fill="url(#sky)"/>
    <circle cx="300" cy="150" r="70" fill="#fffbe8" opacity=".8"/>
    <g fill="#86ab92"><path d="M60 520 l60 -240 60 240Z M210 520 l50 -200 50 200Z M380 520 l64 -260 64 260Z M560 520 l54 -220 54 220Z M720 520 l66 -270 66 270Z"/></g>
    <rect y="380" width="960" height="140" fill="#dfe9e2" opacity=".35"/>
    <g fill="#4f7d61"><path d="M-20 580 l80 -300 80 300Z M300 580 l70 -270 70 270Z M640 580 l74 -290 74 290Z M840 580 l80 -310 80 310Z"/></g>
    <rect y="470" width="960" height="110" fill="#dfe9e2" opacity=".25"/>
    <path d="M0 560 Q480 520 960 570 V640 H0Z" fill="#2d523c"/>
    <path d="M430 640 Q470 590 452 556 L500 554 Q520 600 560 640Z" fill="#cbb98d"/>`,
  city: `
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="#2b1055"/><stop offset="1" stop-color="#d76d77"/></linearGradient>
    <rect width="960" height="640" fill="url(#sky)"/>
    <g fill="#4a2a6b"><path d="M40 480 V260 h90 V480Z M160 480 V200 h70 V480Z M270 480 V300 h110 V480Z M430 480 V170 h60 V140 h20 V170 h20 V480Z M580 480 V250 h90 V480Z M720 480 V210 h80 V480Z M830 480 V290 h100 V480Z"/></g>
    <g fill="#26123f"><path d="M0 480 V360 h80 V480Z M100 480 V330 h80 V480Z M220 480 V390 h100 V480Z M350 480 V310 h70 V480Z M520 480 V370 h90 V480Z M640 480 V330 h70 V480Z M760 480 V380 h110 V480Z M890 480 V350 h70 V480Z"/></g>
    <g fill="#ffd48a"><path d="M116 350h10v12h-10zM146 350h10v12h-10zM116 390h10v12h-10zM366 336h10v12h-10zM394 366h10v12h-10zM366 396h10v12h-10zM540 396h10v12h-10zM576 396h10v12h-10zM658 356h10v12h-10zM684 386h10v12h-10zM786 406h10v12h-10zM826 406h10v12h-10zM20 386h10v12h-10zM46 416h10v12h-10z"/></g>
    <rect y="480" width="960" height="160" fill="#1b0d33"/>
    <g fill="#ffd48a" opacity=".35"><rect x="112" y="490" width="14" height="80"/><rect x="364" y="490" width="14" height="110"/><rect x="660" y="490" width="12" height="90"/><rect x="788" y="490" width="12" height="70"/></g>`,
  balloons: `
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="#5f9ee8"/><stop offset="1" stop-color="#e8f3ff"/></linearGradient>
    <rect width="960" height="640" fill="url(#sky)"/>
    <g fill="#fff" opacity=".8"><ellipse cx="180" cy="150" rx="110" ry="26"/><ellipse cx="250" cy="132" rx="70" ry="30"/><ellipse cx="760" cy="260" rx="120" ry="24"/><ellipse cx="700" cy="244" rx="64" ry="26"/></g>
    <path d="M0 540 Q240 470 480 530 T960 510 V640 H0Z" fill="#7fae6b"/><path d="M0 590 Q300 540 620 590 T960 580 V640 H0Z" fill="#5b8c4c"/>
    <g id="balloon"><path d="M500 330 Q400 260 400 180 A100 100 0 0 1 600 180 Q600 260 500 330Z" fill="#d9483b"/><path d="M500 330 Q450 260 450 180 Q452 84 500 80 Q548 84 550 180 Q550 260 500 330Z" fill="#f4c95d"/><path d="M500 330 Q480 260 480 180 Q482 84 500 80 Q518 84 520 180 Q520 260 500 330Z" fill="#d9483b"/><path d="M478 322 L486 362 M522 322 L514 362" stroke="#5b3a1e" stroke-width="2.5"/><rect x="482" y="360" width="36" height="28" rx="4" fill="#7a4d27"/></g>
    <use href="#balloon" transform="translate(560 190) scale(.42)"/><use href="#balloon" transform="translate(-40 240) scale(.5)"/>`,
} as const;

export type SceneName = keyof typeof SCENES;

/** Draws a scene as a PNG. */
export function drawScene(name: SceneName): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">${SCENES[name]}</svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}
