"use strict";

// Theme: the system's until somebody chooses; kept in a cookie, so that the next page comes in the right colours.
(() => {
  const root = document.documentElement;
  const button = document.querySelector("[data-theme-switch]");
  if (!button) return;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const label = () => { button.textContent = isDark() ? "Light colours" : "Dark colours"; };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    document.cookie = `twinpool-theme=${root.dataset.theme}; path=/dashboard; max-age=31536000; samesite=strict`;
    label();
  });
  system.addEventListener("change", label);
  button.hidden = false;
  label();
})();

// Ages count on by themselves; only when something was heard of again is anything sent.
const ages = (() => {
  let ahead = 0; // seconds by which the front end's clock is ahead of ours
  const words = (seconds) => {
    if (seconds < 1) return "just now";
    if (seconds < 100) return `${Math.floor(seconds)} s ago`;
    if (seconds < 6000) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ago`;
    return `${Math.floor(seconds / 86400)} d ago`;
  };
  const show = () => {
    const now = Date.now() / 1000 + ahead;
    for (const each of document.querySelectorAll("[data-age]")) {
      const text = words(Math.max(0, now - Number(each.dataset.age)));
      if (each.textContent !== text) each.textContent = text;
    }
  };
  setInterval(show, 1000);
  show();
  return { show, synchronise: (at) => { ahead = at - Date.now() / 1000; } };
})();

// Live sections: elements with data-live are replaced by what the front end sends, and only those that have changed.
const live = (() => {
  const word = document.querySelector("[data-liveness]");
  let source = null;
  let heard = 0;
  const say = (text, state) => {
    if (!word) return;
    word.hidden = false;
    word.textContent = text;
    word.dataset.state = state;
  };
  const put = (name, html) => {
    for (const element of document.querySelectorAll("[data-live]")) {
      if (element.dataset.live !== name) continue;
      const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
      const opened = [...element.querySelectorAll("details[open][id]")].map((each) => each.id);
      element.innerHTML = html;
      for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
      if (focused) document.getElementById(focused)?.focus();
      element.dispatchEvent(new CustomEvent("live", { bubbles: true }));
    }
  };
  const open = () => {
    const names = [...new Set([...document.querySelectorAll("[data-live]")].map((each) => each.dataset.live))];
    source?.close();
    source = null;
    if (!names.length || document.hidden) return;
    source = new EventSource(`/dashboard/live?${new URLSearchParams(names.map((name) => ["show", name]))}`);
    source.addEventListener("news", (event) => {
      const news = JSON.parse(event.data);
      heard = Date.now();
      ages.synchronise(news.at);
      say("live", "ok");
      for (const [name, html] of Object.entries(news.sections)) put(name, html);
      ages.show();
    });
    source.addEventListener("signed-out", () => {
      source.close();
      say("signed out", "bad");
      location.reload();
    });
    source.addEventListener("open", () => { heard = Date.now(); say("live", "ok"); });
    source.addEventListener("error", () => say("not live: this front end does not answer", "bad"));
  };
  // Closed for good means that it was answered, and not with news: the session has ended, or too many watch.
  const againOrAway = async () => {
    source = null;
    const answer = await fetch(location.href, { redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect") location.reload();
    else open();
  };
  setInterval(() => {
    if (source?.readyState === EventSource.CLOSED) againOrAway();
    else if (source && Date.now() - heard > 30000) say("not live: nothing was heard for 30 s", "bad");
  }, 3000);
  document.addEventListener("visibilitychange", open);
  open();
  return { open };
})();

// Charts: another range is another section, which the front end draws; nothing is computed here but which one.
(() => {
  const group = document.querySelector("[data-ranges]");
  const charts = document.getElementById("charts");
  if (!group || !charts) return;
  const [shortest, longest] = [30, 3900];
  const shown = () => charts.querySelector("[data-shown]")?.dataset.shown.split("-").map(Number) ?? null;
  const isLive = () => !charts.dataset.live.split("/").pop().includes("-");
  const show = (range) => {
    charts.dataset.live = `charts:${group.dataset.ranges}/${range}`;
    history.replaceState(null, "", `?range=${range}`);
    for (const each of group.querySelectorAll("[data-range]")) {
      if (each.dataset.range === String(range)) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    }
    live.open();
  };
  const between = (begins, ends) => {
    const now = Math.floor(Date.now() / 1000);
    const seconds = Math.round(Math.min(Math.max(ends - begins, shortest), longest));
    const last = Math.round(Math.min(begins + seconds, now));
    show(last >= now - 2 ? seconds : `${last - seconds}-${last}`);
  };
  const moves = {
    earlier: ([begins, ends]) => between(begins - (ends - begins) / 2, ends - (ends - begins) / 2),
    later: ([begins, ends]) => between(begins + (ends - begins) / 2, ends + (ends - begins) / 2),
    closer: ([begins, ends]) => (isLive() ? show(Math.max(shortest, Math.round((ends - begins) / 2))) : between(begins + (ends - begins) / 4, ends - (ends - begins) / 4)),
    farther: ([begins, ends]) => (isLive() ? show(Math.min(longest, (ends - begins) * 2)) : between(begins - (ends - begins) / 2, ends + (ends - begins) / 2)),
    now: ([begins, ends]) => show(ends - begins),
  };
  const move = (name) => { const range = shown(); if (range) moves[name](range); };
  group.querySelector(".moves").hidden = false;
  document.querySelector("[data-hint]").hidden = false;
  group.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    const range = event.target.closest("[data-range]");
    if (button) move(button.dataset.move);
    if (range) { event.preventDefault(); show(range.dataset.range); }
  });
  const keys = { ArrowLeft: "earlier", ArrowRight: "later", "+": "closer", "=": "closer", "-": "farther", Home: "now" };
  charts.addEventListener("keydown", (event) => {
    if (!event.target.matches("[data-chart]") || !keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(keys[event.key]);
  });
  // Dragging over a chart chooses what to see closer. The plot begins and ends at the same parts of every picture.
  const [left, right, width] = [76, 12, 640];
  charts.addEventListener("pointerdown", (event) => {
    const picture = event.target.closest("svg.chart");
    const range = shown();
    if (!picture || !range || event.button !== 0) return;
    const box = picture.getBoundingClientRect();
    const card = picture.closest("figure");
    const inner = (x) => Math.min(Math.max((((x - box.left) / box.width) * width - left) / (width - left - right), 0), 1);
    const mark = document.createElement("div");
    mark.className = "drag";
    card.append(mark);
    const from = event.clientX;
    const drag = (moved) => {
      const at = card.getBoundingClientRect().left;
      mark.style.left = `${Math.min(from, moved.clientX) - at}px`;
      mark.style.width = `${Math.abs(moved.clientX - from)}px`;
    };
    const drop = (dropped) => {
      removeEventListener("pointermove", drag);
      removeEventListener("pointerup", drop);
      removeEventListener("pointercancel", drop);
      mark.remove();
      if (dropped.type !== "pointerup" || Math.abs(dropped.clientX - from) < 6) return;
      const seconds = range[1] - range[0];
      const ends = [inner(from), inner(dropped.clientX)].sort((a, b) => a - b).map((part) => range[0] + part * seconds);
      between(...ends);
    };
    addEventListener("pointermove", drag);
    addEventListener("pointerup", drop);
    addEventListener("pointercancel", drop);
  });
})();
