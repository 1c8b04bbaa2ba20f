// Numbers and dates by the locale of the user; units are always shown.
import { locale, t } from './i18n'

/** A formatter is dear to make, and a table needs the same one a thousand times. */
const made = new Map<string, Intl.NumberFormat>()
function decimal(decimals: number): Intl.NumberFormat {
  const key = `${locale()} ${decimals}`
  const known = made.get(key) ?? new Intl.NumberFormat(locale(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
  made.set(key, known)
  return known
}

export function number(value: string | number | null | undefined, decimals = 0): string {
  if (value === null || value === undefined || value === '') return '–'
  const parsed = typeof value === 'number' ? value : Number(value)
  if (!Number.isFinite(parsed)) return '–'
  return decimal(decimals).format(parsed)
}

/** A number on an axis, with the decimals that it needs, three at most. */
export function tick(value: number): string {
  return number(value, String(Math.round(1000 * value) / 1000).split('.')[1]?.length ?? 0)
}

export function percent(share: number, decimals = 1): string {
  return new Intl.NumberFormat(locale(), { style: 'percent', minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(share)
}

export function change(now: number, before: number): string {
  if (before === 0) return '–'
  return new Intl.NumberFormat(locale(), { style: 'percent', signDisplay: 'exceptZero', minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(now / before - 1)
}

/** By how many percentage points a share differs: a percentage of a percentage says little. */
export function points(now: number, before: number): string {
  return t('points', new Intl.NumberFormat(locale(), { signDisplay: 'exceptZero', minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(100 * (now - before)))
}

export function instant(text: string | null | undefined): string {
  if (!text) return '–'
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) return text
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'medium' }).format(date)
}

/** A time on the plant's clock: it has no zone and is shown as it is. */
export function local(text: string): string {
  const date = new Date(`${text}Z`)
  if (Number.isNaN(date.getTime())) return text
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'short', timeStyle: 'short', timeZone: 'UTC' }).format(date)
}

/** A scope as the Greenhouse Gas Protocol writes it, with its category: `3.1` of `s3_1`. Nothing for other texts. */
export function scope(text: string): string | undefined {
  return /^s(\d)(?:_(\d+))?$/.exec(text)?.slice(1).filter(Boolean).join('.')
}
