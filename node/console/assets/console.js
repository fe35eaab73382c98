// Nothing here is needed: every page works without it. It keeps what was typed while the language or
// the size of the text is switched or a session ends, and moves the focus to the summary of a failure.
(function () {
  "use strict";
  var store = null;
  try { store = window.sessionStorage; } catch (e) { store = null; }
  var place = "typed:" + location.pathname;
  var fields = function () {
    return Array.prototype.filter.call(document.querySelectorAll("main textarea[name], main input[type=text][name], main input:not([type])[name]"),
      function (field) { return !field.readOnly; });
  };
  if (store) {
    // A page that says that something was done ends what was typed for it, also if it is that page itself.
    var done = document.querySelector("[data-done]");
    if (done) { store.removeItem("typed:" + done.getAttribute("data-done")); }
    var kept = {};
    try { kept = JSON.parse(store.getItem(place) || "{}"); } catch (e) { kept = {}; }
    fields().forEach(function (field) {
      if (!field.value && kept[field.name]) { field.value = kept[field.name]; }
    });
    document.addEventListener("input", function () {
      var now = {};
      fields().forEach(function (field) { if (field.value) { now[field.name] = field.value; } });
      try { store.setItem(place, JSON.stringify(now)); } catch (e) { /* no room: nothing is kept */ }
    });
  }
  // A contact that was opened is closed on leaving, also for who comes back with the back button.
  window.addEventListener("pagehide", function () {
    var opened = document.querySelector("[data-opened]");
    if (opened) { opened.parentNode.removeChild(opened); }
  });
  var summary = document.querySelector(".summary");
  if (summary) { summary.focus(); }
  // The picture of a receipt leads here with number and slip behind the #, which no node sees.
  var slip = document.querySelector("[data-slip]");
  var code = /^#([0-9a-z-]+)\.([0-9a-f]{32})$/.exec(location.hash);
  if (slip && code) {
    slip.elements.number.value = code[1];
    slip.elements.slip.value = code[2];
    history.replaceState(null, "", location.pathname);
  }
  // The picture of a proof on paper leads here with its digits behind the #; they are checked at once.
  var proof = document.querySelector("form[data-digits]");
  if (proof && /^#[0-9]{100,}$/.test(location.hash)) {
    proof.elements.receipt.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
    proof.querySelector("button.primary").click();
  }
  // The position is offered where the browser knows it, and never taken unasked.
  var locate = document.querySelector("[data-locate]");
  if (locate && navigator.geolocation) {
    locate.parentNode.hidden = false;
    locate.addEventListener("click", function () {
      navigator.geolocation.getCurrentPosition(function (found) {
        locate.form.elements.latitude.value = found.coords.latitude.toFixed(6);
        locate.form.elements.longitude.value = found.coords.longitude.toFixed(6);
        locate.parentNode.querySelector("output").textContent =
          locate.getAttribute("data-located") + " " + Math.round(found.coords.accuracy) + " m";
      });
    });
  }
  // A file that is chosen is put where it could be pasted.
  var chosen = document.querySelector("[data-into]");
  if (chosen && window.FileReader) {
    chosen.parentNode.hidden = false;
    chosen.addEventListener("change", function () {
      var reader = new FileReader();
      reader.onload = function () { document.getElementById(chosen.getAttribute("data-into")).value = reader.result; };
      if (chosen.files[0]) { reader.readAsText(chosen.files[0]); }
    });
  }
  // Signing out clears what the phone keeps; reports that wait are not lost unasked.
  document.addEventListener("submit", function (event) {
    var asks = event.target.getAttribute("data-waiting"), count = 0;
    if (!asks) { return; }
    try { count = +localStorage.getItem("waiting"); } catch (e) { count = 0; }
    if (count > 0 && !window.confirm(asks)) { event.preventDefault(); event.stopImmediatePropagation(); }
  });
  // One click sends a form once. The node does it once anyhow, by its key.
  document.addEventListener("submit", function (event) {
    if (event.target.hasAttribute("data-sent")) { event.preventDefault(); return; }
    event.target.setAttribute("data-sent", "");
    window.setTimeout(function () { event.target.removeAttribute("data-sent"); }, 4000);
  });
})();
