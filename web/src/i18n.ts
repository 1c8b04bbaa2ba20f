import { setLanguage } from '@ui5/webcomponents-base/dist/config/Language.js'
import { useSyncExternalStore } from 'react'
import { de } from './texts/de'
import { en } from './texts/en'
import { ja } from './texts/ja'
import { zh } from './texts/zh'

export type Key = keyof typeof en
export type Texts = Record<Key, string>
const ALL: Record<string, Texts> = { en, de, zh, ja }
export const LANGUAGES = [
  ['en', 'English'],
  ['de', 'Deutsch'],
  ['zh', '中文'],
  ['ja', '日本語'],
] as const

function first(): string {
  const stored = localStorage.getItem('carbide-language')
  const wanted = [stored, ...navigator.languages].map(language => language?.slice(0, 2) ?? '')
  return wanted.find(language => language in ALL) ?? 'en'
}

let language = first()
const listeners = new Set<() => void>()

function apply() {
  document.documentElement.lang = language
  // The page that says why the directory let nobody in is the server's: it has to know the language too.
  document.cookie = `carbide_language=${language}; Path=/api/v1/session/oidc; SameSite=Lax; Max-Age=31536000`
  // Texts inside the components follow; where they have none they stay English.
  void setLanguage(language).catch(() => undefined)
}
apply()

export function chooseLanguage(next: string) {
  language = next in ALL ? next : 'en'
  localStorage.setItem('carbide-language', language)
  apply()
  listeners.forEach(tell => tell())
}

export function useLanguage(): string {
  return useSyncExternalStore(
    tell => {
      listeners.add(tell)
      return () => void listeners.delete(tell)
    },
    () => language,
  )
}

export const currentLanguage = () => language

/** The locale for numbers and dates: that of the browser if it is of the chosen language. */
export function locale(): string {
  return navigator.languages.find(wanted => wanted.startsWith(language)) ?? language
}

/** A text; `{0}`, `{1}` are replaced. */
export function t(key: Key, ...values: (string | number)[]): string {
  const text = (ALL[language] ?? en)[key]
  return values.reduce<string>((so, value, at) => so.replace(`{${at}}`, String(value)), text)
}

/** The text of a key that the server sent, or the key itself in words. */
export function named(prefix: string, key: string, other = key.replaceAll('_', ' ')): string {
  const full = `${prefix}_${key}` as Key
  return full in en ? t(full) : other
}
