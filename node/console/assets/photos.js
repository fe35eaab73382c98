// Makes chosen photos smaller before they are sent. Nothing here is needed: a photo that the browser
// cannot read, or that does not become smaller, goes as it is, and so does every photo without scripts.
(function () {
  "use strict";
  var MOST_SIDE = 2048, QUALITY = 0.85, SMALL = 400 * 1024;
  var field = document.querySelector("input[type=file][data-smaller]");
  if (!field || !window.DataTransfer || !window.Promise || !HTMLCanvasElement.prototype.toBlob) { return; }
  var told = field.parentNode.querySelector("output");
  var working = null, waits = null;
  // Some browsers answer with noise when a canvas is read, to hide who they are: then nothing is shrunk.
  var honest = function () {
    var canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    var pen = canvas.getContext("2d");
    if (!pen) { return false; }
    pen.fillStyle = "#3c7814";
    pen.fillRect(0, 0, 1, 1);
    var seen = pen.getImageData(0, 0, 1, 1).data;
    return seen[0] === 60 && seen[1] === 120 && seen[2] === 20;
  };
  var decode = function (file) {
    return new Promise(function (done, failed) {
      var url = URL.createObjectURL(file), image = new Image();
      image.onload = function () { URL.revokeObjectURL(url); done(image); };
      image.onerror = function () { URL.revokeObjectURL(url); failed(); };
      image.src = url;
    });
  };
  var encode = function (image) {
    var scale = Math.min(1, MOST_SIDE / Math.max(image.naturalWidth, image.naturalHeight));
    var canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
    canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
    var pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise(function (done) { canvas.toBlob(done, "image/jpeg", QUALITY); });
  };
  var smaller = function (file) {
    if (file.size <= SMALL || !/^image\//.test(file.type)) { return Promise.resolve(file); }
    return decode(file).then(encode).then(function (blob) {
      if (!blob || blob.size >= file.size) { return file; }
      return new File([blob], file.name.replace(/\.[^.]*$/, "") + ".jpg", { type: "image/jpeg" });
    }).catch(function () { return file; });
  };
  var total = function (files) { return files.reduce(function (sum, file) { return sum + file.size; }, 0); };
  var megabytes = function (bytes) { return (bytes / 1048576).toFixed(1) + " MB"; };
  field.addEventListener("change", function () {
    var chosen = Array.prototype.slice.call(field.files);
    told.textContent = "";
    if (!chosen.length || !honest()) { return; }
    told.textContent = field.getAttribute("data-busy");
    var mine = working = chosen.reduce(function (before, file) {
      // One after the other: a telephone has little memory.
      return before.then(function (done) {
        return smaller(file).then(function (small) { return done.concat(small); });
      });
    }, Promise.resolve([])).then(function (files) {
      if (working !== mine) { return; }
      var kept = new DataTransfer();
      files.forEach(function (file) { kept.items.add(file); });
      field.files = kept.files;
      var shrunk = total(files) < total(chosen);
      told.textContent = shrunk
        ? field.getAttribute("data-smaller") + " " + megabytes(total(chosen)) + " → " + megabytes(total(files))
        : field.getAttribute("data-whole") + " " + megabytes(total(files));
    }).catch(function () { told.textContent = ""; }).then(function () {
      if (working !== mine) { return; }
      working = null;
      if (waits) { var button = waits; waits = null; button.click(); }
    });
  });
  // Whoever sends while a photo is worked on waits for it.
  field.form.addEventListener("submit", function (event) {
    if (!working) { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    waits = event.submitter || field.form.querySelector("button.primary");
  });
})();
