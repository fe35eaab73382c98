// The service worker: keeps public pages that were read, for reading without a network, and sends
// reports that waited. The node puts before it what it keeps under (KEPT), the files of the pages
// (FILES), and the path of offline.js (QUEUE).
"use strict";
importScripts(QUEUE);
// Pages that nobody has to be known for. What a signed-in person sees comes with no-store and is not kept.
const PUBLIC = /^\/($|mailbox$|public\/|how$|promises$|services$|accessibility$|poster$|offline$|verify$)/;
const MOST_PAGES = 40;
// A network that does not answer for so long, in milliseconds, is no network.
const PATIENCE = 8000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

const keep = async (address, answer) => {
  const text = await answer.text();
  const kept = await caches.open(KEPT);
  const headers = { "content-type": "text/html; charset=utf-8", "x-read-at": String(Date.now()) };
  await kept.put(address, new Response(text, { headers }));
  const pages = (await kept.keys()).filter((key) => PUBLIC.test(new URL(key.url).pathname) && new URL(key.url).pathname !== "/offline");
  await Promise.all(pages.slice(0, Math.max(0, pages.length - MOST_PAGES)).map((key) => kept.delete(key)));
};

// A page that was kept, marked with the time when it was read.
const kept = async (address) => {
  const found = await (await caches.open(KEPT)).match(address);
  if (!found) { return null; }
  const text = await found.text();
  const read = found.headers.get("x-read-at");
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY, "x-content-type-options": "nosniff" };
  return new Response(text.replace("<html ", `<html data-read="${read}" `), { headers });
};

const late = (address) => new Promise((done) => {
  setTimeout(async () => { const page = await kept(address); if (page) { done(page); } }, PATIENCE);
});

const plain = (url) => {
  for (const name of ["lang", "size", "theme", "contrast"]) { url.searchParams.delete(name); }
  return url.pathname + (url.searchParams.size === 0 ? "" : `?${url.searchParams}`);
};

const visit = async (event, url) => {
  const address = plain(url);
  const fetched = fetch(event.request).then((answer) => {
    const told = answer.headers.get("cache-control") || "no-store";
    if (answer.status === 200 && answer.type === "basic" && PUBLIC.test(url.pathname) && !told.includes("no-store")) {
      event.waitUntil(keep(address, answer.clone()));
    }
    return answer;
  });
  try {
    return await Promise.race([fetched, late(address)]);
  } catch {
    const form = { "/report": "/report?all=1", "/mailbox/write": "/mailbox/write?all=1", "/services/apply": "/services/apply?all=1" }[url.pathname];
    return (await kept(form || address)) || (await kept("/offline")) || Response.error();
  }
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) { return; }
  if (request.method === "GET" && url.pathname.startsWith("/assets/")) {
    event.respondWith(caches.match(request).then((file) => file || fetch(request)));
  } else if (request.mode === "navigate" && request.method === "GET") {
    event.respondWith(visit(event, url));
  } else if (request.mode === "navigate" && request.method === "POST" && url.pathname === "/report") {
    // The page kept what was typed; the form that needs no network shows it again.
    event.respondWith(fetch(request).catch(async () => (await kept("/report?all=1")) || Response.error()));
  }
});

self.addEventListener("sync", (event) => {
  if (event.tag !== "reports") { return; }
  const told = async () => { for (const client of await self.clients.matchAll()) { client.postMessage("sent"); } };
  event.waitUntil(waiting.sendAll().then(told));
});
