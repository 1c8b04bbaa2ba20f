// The sentences of the program, made here from their facts: with the numbers and dates of whoever reads.
import de from './said/de.json'
import en from './said/en.json'
import ja from './said/ja.json'
import zh from './said/zh.json'
import { instant, local, number } from './format'
import { currentLanguage, locale, named } from './i18n'

type Key = keyof typeof en
const ALL: Record<string, Record<Key, string>> = { en, de, zh, ja }

export interface Said {
  text: string
  key?: string
  facts?: Record<string, Fact>
}

type Fact = string | { number: string } | { instant: string } | { date: string } | { local: string } | { all: Said[] } | { list: Said[] } | Said

/** Up to six decimals of a number for which its text names none. */
const DECIMALS = 6

function numeral(text: string, form: string | undefined): string {
  const decimals = form?.replace('+', '')
  const shown = number(text, decimals ? Number(decimals) : Math.min(DECIMALS, text.split('.')[1]?.length ?? 0))
  return form?.startsWith('+') && Number(text) > 0 ? `+${shown}` : shown
}

function day(text: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${text}T00:00:00Z`))
}

function shown(fact: Fact, form: string | undefined): string {
  if (typeof fact === 'string') return /^[A-Z][A-Z_]+$/.test(fact) ? named('key', fact, fact) : fact.replaceAll('CO2e', 'CO₂e')
  if ('number' in fact) return numeral(fact.number, form)
  if ('instant' in fact) return instant(fact.instant)
  if ('date' in fact) return day(fact.date)
  if ('local' in fact) return local(fact.local)
  if ('all' in fact) return fact.all.map(one => said(one)).join(texts()['join.all'])
  if ('list' in fact) return fact.list.map(one => said(one)).join(texts()['join.list'])
  return said(fact)
}

const texts = () => ALL[currentLanguage()] ?? en

/** A sentence in the language of the page; that of the program where the page does not know it. */
export function said(sentence: Said): string {
  const text = texts()[sentence.key as Key]
  if (text === undefined) return sentence.text
  return text.replaceAll(/\{(\w+)(?::(\+?\d+))?\}/g, (whole, name: string, form: string | undefined) => {
    const fact = sentence.facts?.[name]
    return fact === undefined ? whole : shown(fact, form)
  })
}

/** The sentence if it came with its facts, else the words that came. */
export const sayOr = (sentence: Said | null | undefined, words: string): string => (sentence ? said(sentence) : words)
