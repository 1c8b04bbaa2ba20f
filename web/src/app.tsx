import { Button } from '@ui5/webcomponents-react/Button'
import { Input } from '@ui5/webcomponents-react/Input'
import { Label } from '@ui5/webcomponents-react/Label'
import { MessageStrip } from '@ui5/webcomponents-react/MessageStrip'
import { Option } from '@ui5/webcomponents-react/Option'
import { Select } from '@ui5/webcomponents-react/Select'
import { ShellBar } from '@ui5/webcomponents-react/ShellBar'
import { lazy, Suspense, useEffect, useState } from 'react'
import { ApiError, logOff, logOn, ways as waysIn, who as whoIs, type Ways, type Who } from './api'
import { connect, disconnect, useConnected } from './events'
import { chooseLanguage, LANGUAGES, t, useLanguage, type Key } from './i18n'
import { sayOr } from './said'
import { chooseTheme, storedTheme, THEMES, type Theme } from './themes'
import { Trouble } from './trouble'

const Overview = lazy(() => import('./pages/overview'))
const Plans = lazy(() => import('./pages/plans'))
const Plan = lazy(() => import('./pages/plan'))
const Postings = lazy(() => import('./pages/postings'))
const Explain = lazy(() => import('./pages/explain'))
const Energy = lazy(() => import('./pages/energy'))
const Findings = lazy(() => import('./pages/findings'))
const Factors = lazy(() => import('./pages/factors'))

const PAGES: Key[] = ['overview', 'plans', 'postings', 'explain', 'energy', 'findings', 'factors']

function place(): [string, string] {
  const [page = 'overview', ...rest] = window.location.hash.replace(/^#\/?/, '').split('/')
  return [page || 'overview', decodeURIComponent(rest.join('/'))]
}

function Content({ who }: { who: Who }) {
  const [[page, of], setPlace] = useState(place)
  useEffect(() => {
    const moved = () => {
      setPlace(place())
      document.querySelector('main')?.focus({ preventScroll: true })
      window.scrollTo(0, 0)
    }
    window.addEventListener('hashchange', moved)
    return () => window.removeEventListener('hashchange', moved)
  }, [])
  useEffect(() => {
    document.title = `${t((PAGES as string[]).includes(page) ? (page as Key) : 'plan')} – Carbide`
  })
  return (
    <div className="frame">
      <nav aria-label={t('navigation')}>
        {PAGES.map(key => <a key={key} href={`#/${key}`} aria-current={page === key || (page === 'plan' && key === 'plans') ? 'page' : undefined}>{t(key)}</a>)}
      </nav>
      <main id="content" tabIndex={-1}>
        <Lost />
        <Suspense fallback={<p>{t('loading')}</p>}>
          {page === 'overview' && <Overview who={who} />}
          {page === 'plans' && <Plans who={who} />}
          {page === 'plan' && <Plan who={who} plan={of} />}
          {page === 'postings' && <Postings who={who} />}
          {page === 'explain' && <Explain what={of} />}
          {page === 'energy' && <Energy />}
          {page === 'findings' && <Findings who={who} />}
          {page === 'factors' && <Factors />}
        </Suspense>
      </main>
    </div>
  )
}

function Lost() {
  return useConnected() ? null : <MessageStrip design="Critical" hideCloseButton>{t('stream_lost')}</MessageStrip>
}

function LogOn({ over, done }: { over: boolean; done: (who: Who) => void }) {
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const [error, setError] = useState<ApiError>()
  const [busy, setBusy] = useState(false)
  const [ways, setWays] = useState<Ways>()
  useEffect(() => { waysIn().then(setWays, () => setWays({ password: true })) }, [])
  const attempt = () => {
    setBusy(true)
    logOn(user, password).then(done, (reason: unknown) => setError(reason as ApiError)).finally(() => setBusy(false))
  }
  return (
    <main className="logon">
      <h1>Carbide</h1>
      {over && <MessageStrip design="Information" hideCloseButton>{t('session_over')}</MessageStrip>}
      {ways?.directory && <Button design="Emphasized" icon="log" onClick={() => window.location.assign('./api/v1/session/oidc')}>{t('log_on_at', ways.directory)}</Button>}
      {ways?.password && <form onSubmit={event => { event.preventDefault(); attempt() }}>
        <div className="field"><Label for="user" required>{t('user')}</Label><Input id="user" accessibleName={t('user')} required value={user} onInput={event => setUser(event.target.value)} /></div>
        <div className="field"><Label for="password" required>{t('password')}</Label><Input id="password" accessibleName={t('password')} type="Password" required value={password} onInput={event => setPassword(event.target.value)} /></div>
        <Button design="Emphasized" type="Submit" disabled={busy || !user || !password}>{t('log_on')}</Button>
        {error && error.problem.status !== 401 && <Trouble error={error} />}
        {error && error.problem.status === 401 && <MessageStrip design="Negative" hideCloseButton>{sayOr(error.problem.said, error.problem.detail)}</MessageStrip>}
      </form>}
      <Choices />
    </main>
  )
}

function Choices() {
  const language = useLanguage()
  const [theme, setTheme] = useState<Theme>(storedTheme())
  return (
    <div className="bar">
      <div className="field">
        <Label for="language">{t('language')}</Label>
        <Select id="language" accessibleName={t('language')} value={language} onChange={event => chooseLanguage(event.detail.selectedOption.value ?? 'en')}>
          {LANGUAGES.map(([code, name]) => <Option key={code} value={code}>{name}</Option>)}
        </Select>
      </div>
      <div className="field">
        <Label for="theme">{t('theme')}</Label>
        <Select id="theme" accessibleName={t('theme')} value={theme} onChange={event => { const next = event.detail.selectedOption.value as Theme; setTheme(next); void chooseTheme(next) }}>
          {THEMES.map(one => <Option key={one} value={one}>{t(`theme_${one}`)}</Option>)}
        </Select>
      </div>
    </div>
  )
}

export function App() {
  useLanguage()
  const [who, setWho] = useState<Who | null>()
  const [error, setError] = useState<ApiError>()
  const [over, setOver] = useState(false)
  useEffect(() => {
    whoIs().then(setWho, (reason: unknown) => {
      const failed = reason as ApiError
      if (failed.problem.status === 401) setWho(null)
      else setError(failed)
    })
    const gone = () => setWho(before => { if (before) setOver(true); return null })
    window.addEventListener('carbide-logon', gone)
    return () => window.removeEventListener('carbide-logon', gone)
  }, [])
  useEffect(() => {
    if (who) connect()
    else disconnect()
  }, [who])
  if (who === undefined) return error ? <main><Trouble error={error} again={() => window.location.reload()} /></main> : null
  if (who === null) return <LogOn over={over} done={found => { setOver(false); setWho(found) }} />
  return (
    <>
      <a className="skip" href="#content" onClick={event => { event.preventDefault(); document.querySelector('main')?.focus() }}>{t('skip')}</a>
      <ShellBar primaryTitle="Carbide" secondaryTitle={`${who.user} (${who.roles.join(', ')})`} />
      <Content who={who} />
      <footer className="bar panel">
        <Choices />
        <span className="grow" />
        <Button icon="log" onClick={() => void logOff().finally(() => setWho(null))}>{t('log_off')}</Button>
      </footer>
    </>
  )
}
