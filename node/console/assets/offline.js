// What a phone keeps: pages that were read, and reports that wait for the network. Nothing here is
// needed by a page that has a network. The service worker (sw.js) runs the first half of this file too.
var waiting = (function () {
  "use strict";
  var open = function () {
    return new Promise(function (done, failed) {
      var asked = indexedDB.open("wujitong", 1);
      asked.onupgradeneeded = function () { asked.result.createObjectStore("reports", { keyPath: "key" }); };
      asked.onsuccess = function () { done(asked.result); };
      asked.onerror = function () { failed(asked.error); };
    });
  };
  var within = function (mode, work) {
    return open().then(function (db) {
      return new Promise(function (done, failed) {
        var transaction = db.transaction("reports", mode), asked = work(transaction.objectStore("reports"));
        transaction.oncomplete = function () { db.close(); done(asked.result); };
        transaction.onerror = transaction.onabort = function () { db.close(); failed(transaction.error); };
      });
    });
  };
  var all = function () {
    return within("readonly", function (store) { return store.getAll(); }).then(function (found) {
      return found.sort(function (one, other) { return one.written - other.written; });
    });
  };
  var put = function (report) { return within("readwrite", function (store) { return store.put(report); }); };
  var drop = function (key) { return within("readwrite", function (store) { return store.delete(key); }); };
  // A photo is kept as its bytes: some browsers lose files that they only point to.
  var bytes = function (file) {
    return new Promise(function (done, failed) {
      var reader = new FileReader();
      reader.onload = function () { done({ name: file.name, type: file.type, bytes: reader.result }); };
      reader.onerror = function () { failed(reader.error); };
      reader.readAsArrayBuffer(file);
    });
  };
  // Photos that arrived when an earlier try broke off are not sent again.
  var arrived = function (report) {
    return fetch("/v1/nodes/" + report.code + "/draft", { headers: { "draft-key": report.key }, credentials: "omit", cache: "no-store" })
      .then(function (answer) { return answer.ok ? answer.json() : { photos: [] }; })
      .then(function (draft) { return Math.max(0, (draft.photos || []).length - report.had); });
  };
  // Sends one report, always under its own key, so that it becomes one matter however often it is sent.
  var send = function (report) {
    return arrived(report).then(function (count) {
      var form = new FormData();
      var fields = Object.assign({}, report.fields, { draft: report.key, flow: report.flow, step: "all", go: "send" });
      Object.keys(fields).forEach(function (name) { form.append(name, fields[name]); });
      report.photos.slice(count).forEach(function (photo) {
        form.append("photo", new Blob([photo.bytes], { type: photo.type }), photo.name);
      });
      var headers = { accept: "application/json", "accept-language": report.language };
      return fetch("/report", { method: "POST", body: form, headers: headers, credentials: "omit" });
    }).then(function (answer) {
      if (answer.status === 429 || answer.status >= 500) { return report; }
      return answer.json().catch(function () { return { says: [] }; }).then(function (told) {
        if (answer.ok && told.number) {
          return put({ key: report.key, code: report.code, written: report.written, state: "sent", number: told.number, slip: told.slip || "",
            fields: { text: report.fields.text }, photos: [] });
        }
        report.state = "refused";
        report.says = told.says && told.says.length ? told.says : ["" + answer.status];
        return put(report);
      });
    });
  };
  var sendAll = function () {
    var work = function () {
      return all().then(function (reports) {
        return reports.filter(function (report) { return report.state === "waiting"; }).reduce(function (before, report) {
          return before.then(function () { return send(report); });
        }, Promise.resolve());
      });
    };
    // The page and its worker take turns where the browser has locks; the key holds without them.
    return navigator.locks ? navigator.locks.request("reports", work) : work();
  };
  return { all: all, put: put, drop: drop, bytes: bytes, sendAll: sendAll };
})();

(function () {
  "use strict";
  if (typeof document === "undefined" || !window.indexedDB || !window.Promise || !window.fetch) { return; }
  var root = document.documentElement, bar = document.getElementById("device");
  if (!bar) { return; }
  var KEPT = bar.getAttribute("data-kept"), code = bar.getAttribute("data-code");
  var read = root.getAttribute("data-read");
  var show = function (element, shown) { if (element) { element.hidden = !shown; } };
  var moment = function (ms) {
    var time = document.createElement("time"), at = new Date(+ms);
    time.setAttribute("datetime", at.toISOString());
    time.textContent = at.toLocaleString(root.lang, { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
    return time;
  };
  var parts = function (name) { return bar.querySelector("[data-" + name + "]"); };
  // A page that was kept says when it was read.
  if (read) { parts("read").appendChild(moment(read)); show(parts("read"), true); }
  var signal = function () { show(parts("cut"), !read && navigator.onLine === false); };
  window.addEventListener("offline", signal);
  window.addEventListener("online", signal);
  signal();

  var refresh = function () {
    return waiting.all().then(function (reports) {
      var unsent = reports.filter(function (report) { return report.state !== "sent"; });
      var counter = parts("waiting");
      counter.querySelector("strong").textContent = unsent.length;
      show(counter, unsent.length > 0);
      var sent = parts("sent");
      sent.querySelector("strong").textContent = reports.length - unsent.length;
      show(sent, reports.length > unsent.length);
      try { localStorage.setItem("waiting", unsent.length); } catch (e) { /* nothing is counted */ }
      list(reports);
    }).catch(function () { /* this browser keeps nothing */ });
  };
  var sendAll = function () {
    if (navigator.onLine === false) { return refresh(); }
    return waiting.sendAll().catch(function () { /* no network after all */ }).then(refresh);
  };

  var WRITES = { report: "/report?all=1", letter: "/mailbox/write?all=1", application: "/services/apply?all=1" };
  var writes = function (flow) { return WRITES[flow] || WRITES.report; };

  // The list on the page of what this phone keeps.
  var rows = document.querySelector("[data-reports]"), model = document.querySelector("template[data-report]");
  var list = function (reports) {
    if (!rows) { return; }
    rows.textContent = "";
    show(document.querySelector("[data-no-reports]"), !reports.length);
    reports.forEach(function (report) {
      var row = document.importNode(model.content, true), of = function (name) { return row.querySelector("[data-" + name + "]"); };
      of("text").textContent = report.fields.text || "";
      of("written").appendChild(moment(report.written));
      ["waiting", "refused", "sent"].forEach(function (state) { show(of("is-" + state), report.state === state); });
      show(of("change"), report.state !== "sent");
      of("change").href = writes(report.flow) + "#" + report.key;
      if (report.photos.length) { of("photos").textContent = of("photos").textContent + " " + report.photos.length; show(of("photos"), true); }
      if (report.state === "refused") { of("says").textContent = report.says.join(" "); show(of("says"), true); }
      if (report.state === "sent") {
        of("number").textContent = report.number;
        of("slip").textContent = report.slip;
        show(of("slip").parentNode, !!report.slip);
        show(of("no-slip"), !report.slip);
        show(of("receipt"), true);
      }
      var gone = of("drop"), sure = gone.getAttribute(report.state === "sent" ? "data-sure-sent" : "data-sure");
      gone.addEventListener("click", function () {
        if (window.confirm(sure)) { waiting.drop(report.key).then(refresh); }
      });
      rows.appendChild(row);
    });
  };
  var pages = document.querySelector("[data-pages]");
  if (pages && window.caches) {
    caches.open(KEPT).then(function (kept) {
      return kept.keys().then(function (keys) {
        keys.forEach(function (key) {
          var url = new URL(key.url);
          if (/^\/(assets\/|offline$|report$|mailbox\/write$|services\/apply$)/.test(url.pathname)) { return; }
          kept.match(key).then(function (page) {
            return page.text().then(function (text) {
              var row = document.createElement("li"), link = document.createElement("a");
              link.href = url.pathname + url.search;
              link.textContent = new DOMParser().parseFromString(text, "text/html").title;
              row.appendChild(link);
              row.appendChild(document.createTextNode(" · "));
              row.appendChild(moment(page.headers.get("x-read-at")));
              pages.appendChild(row);
              show(document.querySelector("[data-no-pages]"), false);
            });
          });
        });
      });
    });
  }
  Array.prototype.forEach.call(document.querySelectorAll("[data-scripts]"), function (part) { part.hidden = false; });
  Array.prototype.forEach.call(document.querySelectorAll("[data-no-scripts]"), function (part) { part.hidden = true; });
  var wipe = document.querySelector("[data-wipe]");
  if (wipe) {
    wipe.addEventListener("click", function () {
      if (!window.confirm(wipe.getAttribute("data-wipe"))) { return; }
      waiting.all().then(function (reports) {
        return Promise.all(reports.map(function (report) { return waiting.drop(report.key); }));
      }).then(function () { return window.caches && caches.delete(KEPT); }).then(function () { location.reload(); });
    });
  }

  // A report that is written without a network.
  var form = document.querySelector("form[data-waits]");
  var worker = navigator.serviceWorker && navigator.serviceWorker.controller;
  var NAMES = ["where", "place", "latitude", "longitude", "text", "kind", "calm", "name", "phone", "public"];
  var typed = function () {
    var fields = {};
    NAMES.forEach(function (name) {
      var field = form.elements[name];
      if (!field) { return; }
      fields[name] = field.type === "checkbox" ? (field.checked ? field.value : "") : field.value;
    });
    return fields;
  };
  var fill = function (fields) {
    NAMES.forEach(function (name) {
      var field = form.elements[name];
      if (!field || !fields[name]) { return; }
      if (field.type === "checkbox") { field.checked = true; } else { field.value = fields[name]; }
    });
  };
  var fresh = function () {
    var drawn = crypto.getRandomValues(new Uint8Array(16));
    return "wjd_" + Array.prototype.map.call(drawn, function (b) { return ("0" + b.toString(16)).slice(-2); }).join("");
  };
  // What was typed on the pages before this one, in this window only.
  var before = { get: function () { try { return JSON.parse(sessionStorage.getItem("report") || "null"); } catch (e) { return null; } },
    set: function (kept) { try { sessionStorage.setItem("report", JSON.stringify(kept)); } catch (e) { /* no room */ } },
    end: function () { try { sessionStorage.removeItem("report"); } catch (e) { /* there is none */ } } };
  if (document.querySelector("[data-done]")) { before.end(); }
  if (form) {
    var changed = /^#(wjd_[0-9a-f]{32})$/.exec(location.hash), key = form.elements.draft.value, had = 0, photos = [];
    var isAll = form.elements.step.value === "all", written = Date.now();
    var keeps = isAll && (!!read || !!changed);
    if (keeps) {
      show(form.querySelector("button[value=add]"), false);
      form.querySelector("button.primary").textContent = form.getAttribute("data-keep");
    }
    if (read && isAll) {
      var left = before.get();
      key = fresh();
      // The worker cannot tell a letter from a report; the page can.
      if (left && left.flow !== form.elements.flow.value && location.pathname === "/report" && !location.search) {
        location.replace(writes(left.flow));
      }
      if (left && left.flow === form.elements.flow.value) { key = left.key; had = left.had; fill(left.fields); }
    }
    if (changed) {
      key = changed[1];
      waiting.all().then(function (reports) {
        reports.filter(function (report) { return report.key === key; }).forEach(function (report) {
          fill(report.fields);
          had = report.had;
          written = report.written;
          photos = report.photos;
          if (photos.length && window.DataTransfer && form.elements.photo) {
            var files = new DataTransfer();
            photos.forEach(function (photo) { files.items.add(new File([photo.bytes], photo.name, { type: photo.type })); });
            form.elements.photo.files = files.files;
          }
        });
      });
    }
    var tell = function (says, field) {
      var summary = document.querySelector("[data-wrong]");
      summary.querySelector("li").textContent = says;
      show(summary, true);
      summary.focus();
      if (field && form.elements[field].setAttribute) { form.elements[field].setAttribute("aria-invalid", "true"); }
    };
    var keep = function () {
      var fields = typed(), kind = form.querySelector("input[name=kind]:checked");
      var asks = { where: fields.where || fields.place || fields.latitude, text: fields.text,
        calm: fields.calm || !kind || !kind.hasAttribute("data-danger") };
      var missing = Object.keys(asks).filter(function (name) { return form.elements[name] && !("" + asks[name]).trim() || asks[name] === false; })[0];
      if (missing) { tell(form.getAttribute("data-" + missing), missing); return; }
      var chosen = form.elements.photo ? Array.prototype.slice.call(form.elements.photo.files) : [];
      Promise.all(chosen.map(waiting.bytes)).then(function (bytes) {
        return waiting.put({ key: key, code: code, flow: form.elements.flow.value, language: root.lang, written: written, state: "waiting", says: [],
          had: had, fields: fields, photos: bytes });
      }).then(function () {
        before.end();
        try { sessionStorage.removeItem("typed:" + location.pathname); } catch (e) { /* there is none */ }
        if (worker && window.SyncManager) {
          return navigator.serviceWorker.ready.then(function (registered) { return registered.sync.register("reports"); }).catch(function () { /* refused */ });
        }
      }).then(function () { location.href = "/offline"; }).catch(function () { tell(form.getAttribute("data-full")); });
    };
    var halted = null;
    form.addEventListener("submit", function (event) {
      var button = event.submitter, go = button ? button.value : "next";
      var cut = navigator.onLine === false;
      if (keeps || (cut && worker && isAll)) {
        event.preventDefault();
        event.stopImmediatePropagation();
        if (go === "next" || go === "send") { keep(); }
        return;
      }
      var kept = before.get(), same = kept && kept.key === key;
      before.set({ key: key, flow: form.elements.flow.value, had: document.querySelectorAll(".photos li").length || (same ? kept.had : 0),
        fields: Object.assign({}, same ? kept.fields : {}, typed()) });
      if (!cut) { return; }
      event.preventDefault();
      event.stopImmediatePropagation();
      if (worker) { location.href = writes(form.elements.flow.value); return; }
      // Without a worker the open page is what waits.
      halted = button || form.querySelector("button.primary");
      show(parts("halted"), true);
      parts("halted").scrollIntoView({ block: "center" });
    });
    parts("halted").querySelector("button").addEventListener("click", function () { halted = null; show(parts("halted"), false); });
    window.addEventListener("online", function () {
      if (!halted) { return; }
      var button = halted;
      halted = null;
      show(parts("halted"), false);
      button.click();
    });
  }

  // The pages that help without a network are read anew once a day, as nobody in particular.
  var prepare = function () {
    var view = "lang=" + root.lang + "&size=" + root.getAttribute("data-size") + "&theme=" + root.getAttribute("data-theme") + "&contrast=" + root.getAttribute("data-contrast");
    var mark = KEPT + view + new Date().toDateString(), known = null;
    try { known = localStorage.getItem("prepared"); } catch (e) { return; }
    if (known === mark || read || navigator.onLine === false) { return; }
    caches.open(KEPT).then(function (kept) {
      return Promise.all(["/offline", WRITES.report, WRITES.letter, WRITES.application].map(function (path) {
        return fetch(path + (path.indexOf("?") < 0 ? "?" : "&") + view, { credentials: "omit" }).then(function (answer) {
          if (!answer.ok) { throw new Error(path); }
          return answer.text().then(function (text) {
            var headers = { "content-type": "text/html; charset=utf-8", "x-read-at": "" + Date.now() };
            return kept.put(path, new Response(text, { headers: headers }));
          });
        });
      }));
    }).then(function () { localStorage.setItem("prepared", mark); }).catch(function () { /* tomorrow */ });
  };
  // The list of what is kept is never old: it is made here.
  window.addEventListener("online", function () { if (rows) { show(parts("read"), false); } });
  window.addEventListener("online", sendAll);
  window.addEventListener("load", function () {
    sendAll();
    if (!navigator.serviceWorker || !window.caches) { return; }
    navigator.serviceWorker.register("/sw.js").then(function () { return navigator.serviceWorker.ready; }).then(prepare).catch(function () { /* refused */ });
    navigator.serviceWorker.addEventListener("message", refresh);
  });
})();
