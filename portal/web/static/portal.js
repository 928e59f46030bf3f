/* Small helpers of the portal. Every page works without them. */
(function () {
  "use strict";
  var root = document.documentElement;

  if (window.htmx) {  // before htmx begins: nothing evaluated, nothing from elsewhere, no page kept in the browser
    Object.assign(window.htmx.config, {
      allowEval: false, allowScriptTags: false, includeIndicatorStyles: false, selfRequestsOnly: true, historyCacheSize: 0, refreshOnHistoryMiss: true
    });
  }

  function token() {
    var meta = document.querySelector('meta[name="csrf-token"]');
    return meta ? meta.content : "";
  }

  if (root.dataset.theme === "auto" && window.matchMedia && window.matchMedia("(prefers-color-scheme: dark)").matches) {
    root.setAttribute("data-bs-theme", "dark");
  }

  document.addEventListener("htmx:configRequest", function (event) {
    event.detail.headers["X-CSRFToken"] = token();
  });

  document.addEventListener("htmx:beforeSwap", function (event) {
    var status = event.detail.xhr.status;
    if (status >= 400 && status < 600) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  document.addEventListener("htmx:sendError", function () {
    var box = document.getElementById("flash");
    if (box) { box.textContent = box.dataset.offline || ""; }
  });

  function label(root) {
    root.querySelectorAll("table[data-labels]").forEach(function (table) {
      var names = Array.prototype.map.call(table.querySelectorAll("thead th"), function (th) { return th.textContent.trim(); });
      table.querySelectorAll("tbody tr").forEach(function (row) {
        Array.prototype.forEach.call(row.cells, function (cell, index) { if (names[index]) { cell.setAttribute("data-label", names[index]); } });
      });
    });
  }

  document.addEventListener("DOMContentLoaded", function () { label(document); });
  document.addEventListener("htmx:afterSwap", function () { label(document); });

  var asking = null;

  function made(name, attributes, text) {
    var element = document.createElement(name);
    Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    element.textContent = text || "";
    return element;
  }

  function question(no) {
    var dialog = made("dialog", { id: "confirm", "aria-labelledby": "confirm-text" });
    var buttons = made("div", { "class": "d-flex gap-2 justify-content-end" });
    buttons.appendChild(made("button", { type: "button", "class": "btn btn-outline-secondary", "data-no": "" }, no));
    buttons.appendChild(made("button", { type: "button", "class": "btn btn-primary", "data-yes": "" }));
    dialog.appendChild(made("p", { id: "confirm-text", "class": "mb-3", "data-text": "" }));
    dialog.appendChild(buttons);
    document.body.appendChild(dialog);
    return dialog;
  }

  function ask(form, button, text) {
    var words = document.getElementById("flash");
    var dialog = document.getElementById("confirm") || question(words ? words.dataset.no : "");
    if (typeof dialog.showModal !== "function") { return window.confirm(text); }
    dialog.querySelector("[data-text]").textContent = text;
    dialog.querySelector("[data-yes]").textContent = button ? button.dataset.action || button.textContent.trim() : words.dataset.sure;
    asking = { form: form, button: button };
    dialog.showModal();
    return false;
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    var button = event.submitter || null;
    var text = (button && button.dataset.confirm) || form.dataset.confirm;
    if (text && !form.dataset.confirmed && !ask(form, button, text)) {
      event.preventDefault();
      return;
    }
    if (form.method === "post" && !form.hasAttribute("hx-post") && !form.dataset.download) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
      form.classList.add("is-sending");
    }
  });

  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
      delete form.dataset.confirmed;
      form.classList.remove("is-sending");
    });
  });

  document.addEventListener("click", function (event) {
    var target = event.target.closest("button[data-yes],button[data-no],[data-print],[data-copy],[data-nav]");
    if (!target) { return; }
    if (target.hasAttribute("data-no")) { document.getElementById("confirm").close(); asking = null; }
    if (target.hasAttribute("data-yes") && asking) {
      var wanted = asking;
      document.getElementById("confirm").close();
      wanted.form.dataset.confirmed = "1";
      if (wanted.button && wanted.form.requestSubmit) { wanted.form.requestSubmit(wanted.button); } else { wanted.form.submit(); }
      asking = null;
    }
    if (target.hasAttribute("data-print")) { window.print(); }
    if (target.hasAttribute("data-nav")) {
      var open = document.body.classList.toggle("nav-open");
      document.querySelectorAll("[data-nav][aria-expanded]").forEach(function (item) { item.setAttribute("aria-expanded", String(open)); });
    }
  });

  document.querySelectorAll("details[data-part]").forEach(function (part) {
    part.addEventListener("toggle", function () {
      var closed = Array.prototype.map.call(document.querySelectorAll("details[data-part]:not([open])"), function (item) { return item.dataset.part; });
      document.cookie = "nav_closed=" + closed.join(".") + "; path=/; max-age=31536000; SameSite=Lax";
    });
  });
  var here = document.querySelector(".sidebar [aria-current]");
  if (here && here.scrollIntoView && window.matchMedia("(min-width: 992px)").matches) { here.scrollIntoView({ block: "nearest" }); }

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { document.body.classList.remove("nav-open"); }
    var written = event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.tagName === "TEXTAREA" && event.target.form;
    if (written && written.requestSubmit) { event.preventDefault(); written.requestSubmit(); }
  });

  function chosen(form, name) {
    var field = form.elements[name];
    if (!field) { return ""; }
    return field.type === "checkbox" ? (field.checked ? "on" : "") : field.value;
  }

  function showParts(form) {
    form.querySelectorAll("[data-shows]").forEach(function (part) {
      var pair = part.dataset.shows.split("=");
      part.hidden = pair[1].split("|").indexOf(chosen(form, pair[0])) < 0;
    });
    form.querySelectorAll("[data-hides]").forEach(function (part) { part.hidden = chosen(form, part.dataset.hides) !== ""; });
  }

  document.querySelectorAll("form").forEach(showParts);
  document.addEventListener("change", function (event) { if (event.target.form) { showParts(event.target.form); } });

  function showFiles(input) {
    var list = document.querySelector('[data-drop-list="' + input.id + '"]');
    if (!list) { return; }
    var place = input.closest("[data-max-mb]"), most = place ? Number(place.dataset.maxMb) * 1048576 : Infinity, total = 0;
    var kept = typeof DataTransfer === "undefined" ? null : new DataTransfer();
    list.textContent = "";
    Array.prototype.forEach.call(input.files, function (file) {
      var item = document.createElement("li"), tooBig = file.size > most, left = tooBig || total + file.size > most;
      item.textContent = file.name + (left ? "：" + (tooBig ? place.dataset.tooBig : place.dataset.tooMuch) : " · " + Math.ceil(file.size / 1024) + " KB");
      if (left) { item.className = "text-danger"; } else { total += file.size; if (kept) { kept.items.add(file); } }
      list.appendChild(item);
    });
    if (kept && kept.files.length < input.files.length) { input.files = kept.files; }
  }

  function addFiles(input, files) {
    if (!input || !files.length || typeof DataTransfer === "undefined") { return; }
    var joined = new DataTransfer();
    Array.prototype.forEach.call(input.files, function (file) { joined.items.add(file); });
    Array.prototype.forEach.call(files, function (file, index) {
      var name = file.name && file.name !== "image.png" ? file.name : "paste-" + Date.now() + "-" + index + ".png";
      joined.items.add(file.name === name ? file : new File([file], name, { type: file.type }));
    });
    input.files = joined.files;
    showFiles(input);
  }

  ["dragover", "drop"].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      var place = event.target.closest && event.target.closest("[data-drop]");
      if (!place || !event.dataTransfer) { return; }
      event.preventDefault();
      if (kind === "drop") { addFiles(document.getElementById(place.dataset.drop), event.dataTransfer.files); }
    });
  });

  document.addEventListener("paste", function (event) {
    var place = document.querySelector("[data-drop]");
    var files = event.clipboardData ? event.clipboardData.files : [];
    if (place && files.length) { event.preventDefault(); addFiles(document.getElementById(place.dataset.drop), files); }
  });

  root.setAttribute("data-js", "");

  /* data-sort: a list put in order by dragging its data-sort-item, or by Alt with the arrow keys; the form of the item sends its new place. */
  var dragged = null;

  function sortable(event) {
    var item = event.target.closest && event.target.closest("[data-sort] > [data-sort-item]");
    return item && dragged && item.parentNode === dragged.parentNode ? item : null;
  }

  function below(item, event) {
    var box = item.getBoundingClientRect();
    return event.clientY > box.top + box.height / 2;
  }

  function unmark() {
    document.querySelectorAll(".drop-here, .drop-below").forEach(function (item) { item.classList.remove("drop-here", "drop-below"); });
  }

  document.addEventListener("dragstart", function (event) {
    dragged = event.target.closest ? event.target.closest("[data-sort] > [data-sort-item]") : null;
    if (dragged) { event.dataTransfer.effectAllowed = "move"; event.dataTransfer.setData("text/plain", ""); dragged.classList.add("dragging"); }
  });

  document.addEventListener("dragover", function (event) {
    var item = sortable(event);
    if (!item) { return; }
    event.preventDefault();
    unmark();
    item.classList.add(below(item, event) ? "drop-below" : "drop-here");
  });

  document.addEventListener("dragend", function () { unmark(); if (dragged) { dragged.classList.remove("dragging"); dragged = null; } });

  document.addEventListener("drop", function (event) {
    var item = sortable(event);
    if (!item) { return; }
    event.preventDefault();
    var from = Number(dragged.dataset.sortItem), to = Number(item.dataset.sortItem) + (below(item, event) ? 1 : 0);
    var form = dragged.querySelector("[data-sort-form]"), field = form.querySelector("[data-sort-to]");
    to = to > from ? to - 1 : to;
    if (to === from) { return; }
    field.name = "to";
    field.value = String(to);
    form.requestSubmit ? form.requestSubmit() : form.submit();
  });

  document.addEventListener("keydown", function (event) {
    var item = event.altKey && event.target.closest ? event.target.closest("[data-sort] > [data-sort-item]") : null;
    var button = item && item.querySelector({ ArrowUp: "[data-sort-up]", ArrowDown: "[data-sort-down]" }[event.key] || "none");
    if (button && !button.disabled) { event.preventDefault(); button.focus(); button.click(); }
  });

  document.addEventListener("change", function (event) {
    var target = event.target;
    if (target.type === "file") { showFiles(target); }
    if (target.matches("[data-submit]") && target.form) { target.form.requestSubmit ? target.form.requestSubmit() : target.form.submit(); }
    if (target.matches("[data-select-all]")) {
      document.querySelectorAll('input[name="' + target.dataset.selectAll + '"]').forEach(function (box) { box.checked = target.checked; });
    }
    if (target.matches("[data-select-all], input[name=ids]")) {
      var chosen = document.querySelectorAll("input[name=ids]:checked").length;
      document.querySelectorAll("[data-chosen]").forEach(function (place) { place.textContent = String(chosen); });
    }
  });
})();
