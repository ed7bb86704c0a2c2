"use strict";
// The page works without this script, by forms alone; it adds dropping, keys and
// a sign of life.
(function () {
  document.documentElement.classList.add("script");
  var json = { Accept: "application/json" };

  function post(path, fields) {
    return fetch(path, { method: "POST", headers: json, body: new URLSearchParams(fields || {}) });
  }

  // A sign of life; the last word when the window goes away.
  function beat() { post("/beat").catch(function () {}); }
  beat();
  setInterval(beat, 20000);
  addEventListener("pagehide", function () { navigator.sendBeacon("/bye"); });
  addEventListener("pageshow", function (e) { if (e.persisted) { beat(); } });

  // Dropping: files and folders, anywhere on an area. What misses is for the last.
  function within(entry, list) {
    if (entry.isFile) {
      return new Promise(function (done) { entry.file(function (f) { list.push(f); done(); }, done); });
    }
    var reader = entry.createReader();
    function more() {
      return new Promise(function (done) { reader.readEntries(done, function () { done([]); }); }).then(function (some) {
        if (!some.length) { return; }
        return some.reduce(function (p, e) { return p.then(function () { return within(e, list); }); }, Promise.resolve()).then(more);
      });
    }
    return more();
  }

  function send(area, files) {
    if (!files.length) { return; }
    var note = document.getElementById("sending");
    note.hidden = false;
    document.getElementById("sent").textContent = files.length;
    var form = new FormData();
    form.append("area", area);
    files.forEach(function (f) { form.append("file", f, f.name); });
    fetch("/files", { method: "POST", headers: json, body: form }).then(function (r) {
      if (r.ok) { location.href = "/"; return; }
      return r.text().then(function (t) {
        note.textContent = new DOMParser().parseFromString(t, "text/html").querySelector("p").textContent;
        note.className = "bad note";
      });
    }).catch(function (e) { note.textContent = String(e); note.className = "bad note"; });
  }

  var areas = Array.from(document.querySelectorAll(".drop"));
  areas.forEach(function (area) {
    area.addEventListener("dragover", function (e) { e.preventDefault(); area.classList.add("over"); });
    area.addEventListener("dragleave", function () { area.classList.remove("over"); });
    area.querySelector("input[type=file]").addEventListener("change", function () {
      send(area.dataset.area, Array.from(this.files));
    });
  });
  addEventListener("dragover", function (e) { e.preventDefault(); });
  addEventListener("drop", function (e) {
    e.preventDefault();
    if (!areas.length) { return; }
    var area = e.target.closest ? e.target.closest(".drop") : null;
    area = area || areas[areas.length - 1];
    var list = [], items = Array.from(e.dataTransfer.items || []);
    var entries = items.map(function (i) { return i.webkitGetAsEntry && i.webkitGetAsEntry(); }).filter(Boolean);
    if (!entries.length) { send(area.dataset.area, Array.from(e.dataTransfer.files)); return; }
    entries.reduce(function (p, x) { return p.then(function () { return within(x, list); }); }, Promise.resolve())
      .then(function () { send(area.dataset.area, list); });
  });
  document.querySelectorAll(".side select").forEach(function (s) {
    s.addEventListener("change", function () { s.form.querySelector(".js-hide").click(); });
  });

  // Progress.
  if (document.getElementById("work")) {
    (function look() {
      fetch("/progress", { headers: json }).then(function (r) { return r.json(); }).then(function (now) {
        if (!now.works) { location.replace(now.next); return; }
        if (now.phase) { document.getElementById("phase").textContent = now.phase; }
        document.getElementById("bar").value = now.percent;
        setTimeout(look, 250);
      }).catch(function () { setTimeout(look, 1000); });
    })();
  }

  // Review by keys.
  var box = document.getElementById("items");
  if (!box) { return; }
  var items = Array.from(box.querySelectorAll(".item")), at = -1, choice = 0;

  function choices(i) { return Array.from(items[i].querySelectorAll(".choice")); }

  function mark() {
    choices(at).forEach(function (b, k) { b.classList.toggle("at", k === choice); });
  }

  function go(i, still) {
    if (i < 0 || i >= items.length) { return; }
    if (at >= 0 && at !== i) { items[at].open = false; }
    at = i;
    choice = Math.max(0, choices(i).findIndex(function (b) { return b.classList.contains("chosen"); }));
    items[i].open = true;
    mark();
    if (!still) { items[i].scrollIntoView({ block: "nearest" }); }
  }

  function leave(id, way) {
    var link = document.getElementById(id);
    if (link) { location.href = link.href + (way ? "#" + way : ""); }
    return !!link;
  }

  function show(answer) {
    document.getElementById("decided").textContent = answer.decided;
    answer.items.forEach(function (s) {
      var item = document.getElementById(s.id);
      if (!item) { return; }
      item.classList.toggle("done", !!s.word);
      item.querySelector(".verdict").textContent = s.label;
      item.querySelector(".notefield").value = s.note;
      item.querySelectorAll(".choice").forEach(function (b) { b.classList.toggle("chosen", b.value === s.word); });
    });
  }

  // Acts go out one after the other, in the order in which they were done.
  var queue = Promise.resolve();
  function act(path, fields, then) {
    return queue = queue.then(function () {
      return post(path, fields).then(function (r) { return r.ok ? r.json() : null; }).then(function (answer) {
        if (answer) { show(answer); if (then) { then(answer); } }
      });
    }).catch(function () {});
  }

  function decide(i, word) {
    var note = items[i].querySelector(".notefield").value;
    act("/decide", { item: items[i].dataset.item, decision: word, note: note });
    if (i + 1 < items.length) { go(i + 1); } else { items[i].scrollIntoView({ block: "nearest" }); }
  }

  items.forEach(function (item, i) {
    item.querySelector("summary").addEventListener("click", function (e) {
      e.preventDefault();
      if (at === i && item.open) { item.open = false; return; }
      go(i);
    });
    item.querySelectorAll(".choice").forEach(function (b) {
      b.addEventListener("click", function (e) { e.preventDefault(); decide(i, b.value); });
    });
    item.querySelector(".notefield").addEventListener("keydown", function (e) {
      e.stopPropagation();
      if (e.key === "Enter") { e.preventDefault(); act("/decide", { item: item.dataset.item, decision: "", note: this.value }); this.blur(); }
      if (e.key === "Escape") { this.blur(); }
    });
  });

  var known = { ArrowDown: 1, ArrowUp: 1, ArrowLeft: 1, ArrowRight: 1, Enter: 1, x: 1, u: 1 };

  function press(key) {
    var list = at >= 0 ? choices(at) : [];
    switch (key) {
    case "ArrowDown": if (at === items.length - 1) { leave("after", ""); } else { go(at + 1); } break;
    case "ArrowUp": if (at === 0) { leave("before", "last"); } else { go(at - 1); } break;
    case "ArrowLeft": choice = Math.max(0, choice - 1); mark(); break;
    case "ArrowRight": choice = Math.min(list.length - 1, choice + 1); mark(); break;
    case "Enter": if (list[choice]) { decide(at, list[choice].value); } break;
    case "x": if (list.some(function (b) { return b.value === "reject"; })) { decide(at, "reject"); } break;
    case "u":
      // Where it goes back to is known with the answer; keys wait for it.
      return act("/undo", {}, function (answer) {
        var i = items.findIndex(function (x) { return answer.items.length && x.id === answer.items[0].id; });
        if (i >= 0) { go(i); }
      });
    }
  }

  function writes(at) { return /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName); }

  // With the key's release, so that the key itself does not end up in the note.
  addEventListener("keyup", function (e) {
    if (e.key.toLowerCase() === "n" && at >= 0 && !writes(e.target)) { items[at].querySelector(".notefield").focus(); }
  });

  var waiting = 0, keys = Promise.resolve();
  addEventListener("keydown", function (e) {
    var key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
    if (e.ctrlKey || e.metaKey || e.altKey || writes(e.target) || key === "Enter" && /^(BUTTON|A|SUMMARY)$/.test(e.target.tagName) || !items.length || !known[key]) { return; }
    e.preventDefault();
    if (!waiting && key !== "u") { press(key); return; }
    waiting++;
    keys = keys.then(function () { return press(key); }).then(function () { waiting--; });
  });
  if (location.hash === "#last") { go(items.length - 1); } else { go(0, true); }
})();
