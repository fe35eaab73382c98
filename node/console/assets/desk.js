// Keys of the desk. None is needed, and they can be switched off at the foot of the list.
(function () {
  "use strict";
  if (document.documentElement.getAttribute("data-keys") === "off") { return; }
  var rows = function () {
    return Array.prototype.slice.call(document.querySelectorAll("main tbody th a"));
  };
  var step = function (by) {
    var all = rows();
    if (!all.length) { return false; }
    var at = all.indexOf(document.activeElement);
    var next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
    all[next].focus();
    return true;
  };
  var reveal = function (id, field) {
    var part = document.getElementById(id);
    if (!part) { return false; }
    part.open = true;
    (field ? document.getElementById(field) : part.querySelector("summary")).focus();
    return true;
  };
  var keys = {
    "/": function () { return reveal("filter", "q"); },
    "j": function () { return step(1); },
    "k": function () { return step(-1); },
    "?": function () { return reveal("keys"); }
  };
  document.addEventListener("keydown", function (event) {
    var at = event.target;
    var types = at.closest && at.closest("input, textarea, select, [contenteditable]");
    if (types || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) { return; }
    if (keys.hasOwnProperty(event.key) && keys[event.key]()) { event.preventDefault(); }
  });
})();
// News on the desk, by one stream of events for all tabs of the browser: the tab that holds the lock
// has the stream and tells the others. Where there are no locks only the tab in sight has one. Nothing
// here moves the focus or changes what is read: a line says that there is news, and a link shows it.
(function () {
  "use strict";
  var place = document.getElementById("live");
  if (!place || !window.EventSource) { return; }
  var told = place.querySelector("p");
  var link = place.querySelector("a");
  var about = place.getAttribute("data-about");
  var address = place.getAttribute("data-live");
  var news = {};
  var since = null;
  var channel = window.BroadcastChannel ? new BroadcastChannel("live:" + address) : null;
  var say = function (text, shows) {
    if (told.textContent !== text) { told.textContent = text; }
    link.hidden = !shows;
  };
  var show = function () {
    var count = Object.keys(news).length;
    if (count) { say(place.getAttribute("data-news").replace("{n}", count), true); return; }
    if (since) { say(place.getAttribute("data-off").replace("{t}", since), true); return; }
    say(place.hasAttribute("data-was-off") ? place.getAttribute("data-back") : "", false);
  };
  var leads = false;
  var current = null;
  var hear = function (message) {
    if (message.asks) {
      if (leads) { channel.postMessage({ since: since }); }
      return;
    }
    if (message.matter && (!about || about === message.matter)) { news[message.matter] = true; }
    if ("since" in message) {
      if (message.since) { place.setAttribute("data-was-off", ""); }
      since = message.since;
    }
    show();
  };
  var tell = function (message) {
    hear(message);
    if (channel) { channel.postMessage(message); }
  };
  var clock = function () {
    var now = new Date();
    return ("0" + now.getHours()).slice(-2) + ":" + ("0" + now.getMinutes()).slice(-2);
  };
  // A stream that breaks off for some seconds, as when the node starts anew, is not worth a word.
  var open = function () {
    var broken = null;
    leads = true;
    var stream = new EventSource(address);
    current = stream;
    stream.onopen = function () {
      window.clearTimeout(broken);
      broken = null;
      if (since) { tell({ since: null }); }
    };
    stream.onerror = function () {
      // Refused, not broken off: the browser does not try again by itself.
      if (stream.readyState === 2 && stream === current) {
        window.setTimeout(function () { if (stream === current) { open(); } }, 30000);
      }
      if (broken) { return; }
      var at = clock();
      broken = window.setTimeout(function () { if (!since) { tell({ since: at }); } }, 5000);
    };
    stream.addEventListener("gap", function () { tell({ matter: about || "*" }); });
    place.getAttribute("data-kinds").split(" ").forEach(function (kind) {
      stream.addEventListener(kind, function (event) {
        var change = JSON.parse(event.data);
        if (change.matter) { tell({ matter: change.matter }); }
      });
    });
  };
  if (channel) {
    channel.onmessage = function (event) { hear(event.data); };
    channel.postMessage({ asks: true });
    if (navigator.locks) {
      // Whoever waits gets the lock, and with it the stream, when the tab that has it goes.
      navigator.locks.request("live:" + address, function () {
        open();
        return new Promise(function () {});
      });
      return;
    }
  }
  var look = function () {
    if (document.visibilityState === "visible" && !current) { open(); }
    if (document.visibilityState !== "visible" && current) { current.close(); current = null; }
  };
  document.addEventListener("visibilitychange", look);
  look();
})();
