// Only the themes that people can choose; each is loaded when it is chosen.
import { registerThemePropertiesLoader } from '@ui5/webcomponents-base/dist/asset-registries/Themes.js'
import { registerLocaleDataLoader } from '@ui5/webcomponents-base/dist/asset-registries/LocaleData.js'
import { setTheme } from '@ui5/webcomponents-base/dist/config/Theme.js'

type Loader = () => Promise<{ default: unknown }>

function register(pack: string, theme: string, load: Loader) {
  // The parameters of components live on their hosts, those of the theme on the page.
  const scope = pack.endsWith('theming') ? undefined : 'host'
  registerThemePropertiesLoader(pack, theme, async () => (await load()).default as never, scope)
}

register('@ui5/webcomponents-theming', 'sap_horizon_dark', () => import('@ui5/webcomponents-theming/dist/generated/assets/themes/sap_horizon_dark/parameters-bundle.css.json'))
register('@ui5/webcomponents', 'sap_horizon_dark', () => import('@ui5/webcomponents/dist/generated/assets/themes/sap_horizon_dark/parameters-bundle.css.json'))
register('@ui5/webcomponents-fiori', 'sap_horizon_dark', () => import('@ui5/webcomponents-fiori/dist/generated/assets/themes/sap_horizon_dark/parameters-bundle.css.json'))
register('@ui5/webcomponents-theming', 'sap_horizon_hcb', () => import('@ui5/webcomponents-theming/dist/generated/assets/themes/sap_horizon_hcb/parameters-bundle.css.json'))
register('@ui5/webcomponents', 'sap_horizon_hcb', () => import('@ui5/webcomponents/dist/generated/assets/themes/sap_horizon_hcb/parameters-bundle.css.json'))
register('@ui5/webcomponents-fiori', 'sap_horizon_hcb', () => import('@ui5/webcomponents-fiori/dist/generated/assets/themes/sap_horizon_hcb/parameters-bundle.css.json'))

// Without these the components would ask a public host for them.
const LOCALES: Record<string, Loader> = {
  en: () => import('@ui5/webcomponents-localization/dist/generated/assets/cldr/en.json'),
  de: () => import('@ui5/webcomponents-localization/dist/generated/assets/cldr/de.json'),
  zh_CN: () => import('@ui5/webcomponents-localization/dist/generated/assets/cldr/zh_CN.json'),
  ja: () => import('@ui5/webcomponents-localization/dist/generated/assets/cldr/ja.json'),
}
for (const [locale, load] of Object.entries(LOCALES)) {
  registerLocaleDataLoader(locale, async () => (await load()).default as never)
}

export const THEMES = ['sap_horizon', 'sap_horizon_dark', 'sap_horizon_hcb'] as const
export type Theme = (typeof THEMES)[number]

export function storedTheme(): Theme {
  const stored = localStorage.getItem('carbide-theme')
  return THEMES.find(theme => theme === stored) ?? 'sap_horizon'
}

/** Changes the theme; charts hear of it by the event `carbide-theme`. */
export async function chooseTheme(theme: Theme) {
  localStorage.setItem('carbide-theme', theme)
  await setTheme(theme)
  window.dispatchEvent(new Event('carbide-theme'))
}
