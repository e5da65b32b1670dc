import type { FindingWord } from "../../openapi/diagnosis.ts";

/**
 * What to do about each finding. Settings in capitals are this gateway's, for where it is what answers; of any other server it is
 * the same matter under another name.
 */
export const advice: Readonly<Record<FindingWord, string>> = {
  "no-tls": "Serve it over https: whoever is on the way can read tokens and answers.",
  "trailing-slash": "Leave the slash at the end away: some clients compare the URL with `resource` as text.",
  "name-unresolved": "Correct the host in the URL, or publish the name in DNS where the client asks.",
  "connection-refused": "Start the server, or correct the port; in a cluster look at Service and Ingress.",
  "connection-timeout": "Something drops the packets: look at firewall, security group and routing.",
  "address-unreachable": "Remove the dead address from DNS, or make it answer: clients that try it first wait.",
  "certificate-expired": "Renew the certificate; if that was done, reload whatever ends TLS.",
  "certificate-not-yet-valid": "Correct the clock of this machine, or wait until the certificate is valid.",
  "certificate-expiring": "Renew the certificate now, and see why that did not happen by itself.",
  "certificate-wrong-name": "Issue a certificate that names this host, or use the URL with a name that it has.",
  "certificate-untrusted":
    "Send the whole chain with the certificate; of an authority of your own, give clients its root (here: --cacert; Node: NODE_EXTRA_CA_CERTS).",
  "plain-http": "Use http:// in the URL, or end TLS on this port: what listens there speaks plain HTTP.",
  "tls-needed": "Use https:// in the URL: what listens on this port speaks TLS.",
  "tls-failed": "Look at the TLS settings of whatever ends it: versions, ciphers, client certificates.",
  "forwarded-untrusted":
    "Set PUBLIC_ORIGIN to the https origin, or TRUST_FORWARDED=true where one trusted proxy stands before the gateway.",
  "no-answer": "Look whether the server hangs, or a proxy before it waits for something that is not there.",
  "connection-broken":
    "Look into the log of the server or of the proxy before it: the connection was closed on purpose.",
  "not-http": "Correct the port: what listens there does not speak HTTP/1.1.",
  "head-too-large": "Make the answer's headers smaller: clients give up on them.",
  "redirect-to-https": "Use the https:// URL: over a redirect clients lose the method, the token, or both.",
  "redirect-slash": "Use the URL that it redirects to: over a redirect clients lose the method or the token.",
  "redirect-elsewhere":
    "Let this path through without a sign-in page or a rewrite: MCP clients do not follow a POST to another place.",
  "redirect-loop": "Correct the redirect: it comes back to where it started (TLS that a proxy ends is a usual cause).",
  "blocked-host":
    "Add the host that clients use to ALLOWED_HOSTS, or set PUBLIC_ORIGIN. If it is there, a firewall before the server refuses.",
  forbidden: "Give the caller one of the adapter's `requiredRoles`, or let its creator or an admin call.",
  "rate-limited":
    "Wait and try again, or raise RATE_LIMIT_PER_MINUTE, MAX_STREAMS or MAX_SESSIONS; a 429 to the era probe makes clients fall back silently.",
  "no-challenge":
    "Answer 401 with `WWW-Authenticate: Bearer resource_metadata=…` (RFC 9728 §5.1); a proxy may drop it.",
  "malformed-challenge": "Make `resource_metadata` an absolute URL in quotes (RFC 9728 §5.1).",
  "http-metadata":
    "Set PUBLIC_ORIGIN to the https origin, or TRUST_FORWARDED=true where one trusted proxy ends TLS: the server does not know that it is reached by https.",
  "metadata-elsewhere":
    "Set PUBLIC_ORIGIN to the origin that clients use: the server names itself by another one, perhaps one of the inside.",
  "challenge-without-metadata":
    "Name the metadata in the challenge, as `resource_metadata` (PRM_RESOURCE_MODE=exact does): some clients look nowhere else.",
  "no-metadata":
    "Serve the protected resource metadata (RFC 9728), and let /.well-known/oauth-protected-resource through every proxy.",
  "metadata-unreachable": "Make the metadata's URL reachable for clients, or name another one (PUBLIC_ORIGIN).",
  "metadata-guarded":
    "Let everybody read /.well-known/oauth-protected-resource: who needs a token cannot have one yet.",
  "malformed-metadata": "Serve JSON with `resource` and at least one of `authorization_servers` (RFC 9728 §2).",
  "resource-mismatch":
    "Make `resource` equal to the URL that clients use, letter for letter (RFC 9728 §3.3): set PUBLIC_ORIGIN, or use the URL that it names.",
  "issuer-unreachable": "Correct OIDC_ISSUER, or let clients reach it: they get their token there.",
  "issuer-without-metadata":
    "Correct OIDC_ISSUER: there is neither RFC 8414 nor OpenID Connect metadata at the places that clients look at.",
  "issuer-without-tls": "Name an https issuer: clients refuse another one, unless it is on their machine.",
  "issuer-templated":
    "Name the tenant's own issuer (ENTRA_TENANT_ID): `common` and `organizations` have a template for an issuer, and clients compare it letter for letter.",
  "issuer-mismatch": "Spell OIDC_ISSUER exactly as its metadata does, the slash at the end too (RFC 8414 §3.3).",
  "no-pkce": "Switch on PKCE with S256 at the issuer: clients refuse to go on without it.",
  "pkce-unsaid":
    "Nothing, if this is Entra: it has PKCE and does not say so. Elsewhere let the metadata list `code_challenge_methods_supported`.",
  "no-registration":
    "Register each client at the issuer by hand and give it its client id: neither dynamic registration (RFC 7591) nor client id metadata documents are offered.",
  "origin-unchecked": "Refuse a foreign Origin with 403, so that a web page cannot call through a browser.",
  "blocked-origin": "Add the page's origin to ALLOWED_ORIGINS.",
  "preflight-guarded": "Answer OPTIONS before asking for a token: browsers send a preflight without one.",
  "no-cors": "Answer a preflight with Access-Control-Allow-Origin and every header that it asks for (ALLOWED_ORIGINS).",
  "hidden-headers":
    "Name Mcp-Session-Id and WWW-Authenticate in Access-Control-Expose-Headers: a page cannot read them otherwise.",
  "token-expired": "Get a new token.",
  "token-not-yet-valid": "Compare the clocks of the issuer and of this server.",
  "id-token": "Send the access token, not the ID token: the latter is for the client that signed its user in.",
  "wrong-issuer":
    "Get the token from an issuer of `authorization_servers`. Entra: set `requestedAccessTokenVersion` to 2, or ENTRA_ALLOW_V1=true.",
  "wrong-audience":
    "Ask for the token with `resource` set to this URL, or add the audience that it has to OIDC_AUDIENCE (ENTRA_AUDIENCE). If it is there, the server's log has another reason.",
  "token-refused": "Look into the server's log: the gateway writes its reason there, under the request id.",
  "missing-scope": "Ask for the token with every scope that the challenge names; REQUIRED_SCOPES says which they are.",
  "issuer-unavailable": "Let the gateway reach its issuer: it cannot read the keys that tokens are checked with.",
  "not-ready": "Look at the replicas, at /adapters/{name}/status and their logs: none of them takes requests now.",
  "probe-5xx": "Answer an unknown request with 4xx: clients that ask for the era first take a 5xx for the end.",
  "not-mcp": "Correct the path: what answers there is no MCP server, perhaps a web page for every unknown path.",
  "wrong-path": "Correct the path, such as /adapters/{name}/mcp, /servers/{name}/mcp or /mcp at this gateway.",
  "sse-only": "Update the server, or set the client to the transport HTTP+SSE, deprecated since 2025-03-26.",
  "era-mismatch":
    "Serve what `server/discover` promises on every replica, or let it promise less; a rollout may be under way.",
  "modern-only": "Nothing, if all clients know 2026-07-28: those of 2025-11-25 and older cannot connect.",
  "initialize-refused": "Look into the server's log for why it refuses `initialize`.",
  "malformed-answer": "Answer with the JSON-RPC message of the request's id, as JSON or as an event stream.",
  "answer-held-back":
    "Switch response buffering off in the proxy (nginx: proxy_buffering off; servers: X-Accel-Buffering: no), or look why the server is slow.",
  "answer-cut": "Look into the log of the server and of the proxy: the answer broke off in the middle.",
  "answer-too-large": "Make the answer smaller: clients give up on one without an end.",
  "invisible-session-id": "Use visible ASCII (0x21 to 0x7E) for Mcp-Session-Id.",
  "initialized-refused": "Answer a notification with 202 and nothing else.",
  "session-unpinned": "Send every request of a session to the replica that opened it, or keep sessions in one store.",
  "session-id-changes": "Answer within a session with its own id or with none: clients take over whatever comes.",
  "get-404":
    "Answer GET with an event stream, or with 405 if there is none: 404 tells a client that its session is over. Let the proxy pass GET.",
  "get-refused": "Answer GET with an event stream, or with 405 if there is none.",
  "get-not-stream": "Answer GET with the type text/event-stream, or with 405.",
  "stream-held-back":
    "Switch response buffering off in the proxy (nginx: proxy_buffering off; servers: X-Accel-Buffering: no), so that headers and events arrive at once.",
  "stream-cut": "Raise the idle time of the proxy (nginx: proxy_read_timeout), or find out who ends the stream.",
  "tools-refused": "Look into the server's log for why it refuses to list what it says that it has.",
  "many-tools":
    "Give clients a virtual server with fewer tools, or with `toolSearch`: the list fills a model's context.",
  "stale-id-400": "Answer an unknown session with 404: with 400 clients do not initialize again.",
  "stale-id-500": "Answer an unknown session with 404: with 5xx clients try the same again.",
  "stale-id-accepted": "Answer an unknown session with 404: this server takes whatever id it is given.",
  "stale-id-other": "Answer an unknown session with 404, by which clients know to initialize again.",
  "version-unchecked": "Answer an MCP-Protocol-Version that is not supported with 400.",
  "delete-refused": "Answer DELETE with 2xx, or with 405 if clients cannot end sessions.",
  "session-outlives-delete": "Forget a session on DELETE, and answer 404 from then on.",
  "headers-unchecked":
    "Compare Mcp-Method with the body and answer 400 with code -32020: who trusts the header could be deceived.",
  "modern-session-id": "Give no Mcp-Session-Id to a request of 2026-07-28: there are no sessions.",
  "no-replica-ready": "Look at the reason of each replica in /adapters/{name}/status, and at /adapters/{name}/logs.",
  "replicas-missing": "Look at the reason of each replica in /adapters/{name}/status, and at /adapters/{name}/logs.",
  "replica-unreachable":
    "Let the gateway reach the replica: network policy, port, or a server that listens on loopback.",
  "replica-redirects": "Let the server answer at /mcp itself.",
  "replica-blocks-host":
    "Let the server accept the host by which the gateway calls it: its check allows other names only, such as localhost.",
  "replica-5xx": "Look at /adapters/{name}/logs: the server fails at a request that it should answer.",
  "replica-not-mcp": "Let the server speak MCP (streamable HTTP) at /mcp on its port.",
  "replicas-differ": "Wait until the rollout is over, or make all replicas one version: clients ask for the era once.",
  "replica-stale-id":
    "Let the server answer an unknown session with 404: when it forgets one by itself, its answer goes through to the client.",
  "replica-origin-unchecked":
    "Let the server refuse a foreign Origin, or let nobody but the gateway reach it (GUARD=on, network policy).",
  "time-over": "Look at the steps that took long, and try again when what they wait for is gone.",
};
