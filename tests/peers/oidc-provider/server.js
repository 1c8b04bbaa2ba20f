// An OpenID Connect provider (certified implementation) with one client and three people. Its own
// development pages ask for a name and a password; any password is right.
//
//   PORT        where it listens, on this machine only
//   REDIRECT    address that people are sent back to
//   SECRET      of the client
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const ROLES = { anna: ['carbide-planner', 'vpn'], frieda: ['carbide-finance'], otto: ['vpn'] }

const port = Number(process.env.PORT)
const issuer = `http://127.0.0.1:${port}`
const provider = new Provider(issuer, {
  clients: [{
    client_id: 'carbide',
    client_secret: process.env.SECRET,
    redirect_uris: [process.env.REDIRECT],
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  pkce: { required: () => true },
  claims: { openid: ['sub'], profile: ['preferred_username', 'roles'] },
  // Claims of scopes stand in the id token, as directories of companies do it.
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, roles: ROLES[id] ?? [] }),
  }),
  cookies: { keys: ['for a test'] },
})
createServer(provider.callback()).listen(port, '127.0.0.1', () => {
  console.log(`listening on { url: '${issuer}' }`)
})
