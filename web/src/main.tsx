// First: what the components load has to be known before any of them asks for it.
import { chooseTheme, storedTheme } from './themes'
import { ThemeProvider } from '@ui5/webcomponents-react/ThemeProvider'
import '@ui5/webcomponents-icons/dist/accept.js'
import '@ui5/webcomponents-icons/dist/download.js'
import '@ui5/webcomponents-icons/dist/log.js'
import '@ui5/webcomponents-icons/dist/simulate.js'
import '@ui5/webcomponents-icons/dist/synchronize.js'
import '@ui5/webcomponents-icons/dist/undo.js'
import '@ui5/webcomponents-icons/dist/upload-to-cloud.js'
import { createRoot } from 'react-dom/client'
import { App } from './app'
import './page.css'

void chooseTheme(storedTheme())
const root = document.getElementById('root')
if (root) createRoot(root).render(<ThemeProvider><App /></ThemeProvider>)
