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
import { chooseTheme, storedTheme } from './themes'

void chooseTheme(storedTheme())
const root = document.getElementById('root')
if (root) createRoot(root).render(<ThemeProvider><App /></ThemeProvider>)
