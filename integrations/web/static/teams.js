// In a tab of Teams: follows the theme, and on the page where a tab begins has Teams sign the
// person in. Everything else of a page works without it.
"use strict";

(() => {
  const LOOKS = { default: "light", dark: "dark", contrast: "contrast", glass: "dark" };
  const LONGEST_WAIT = 20_000;
  const { app, authentication } = microsoftTeams;
  const form = document.getElementById("teams-sign-in");

  const follow = (theme) => {
    if (!(theme in LOOKS)) return;
    document.documentElement.dataset.theme = LOOKS[theme];
    // The server draws the next page in it from the start.
    document.cookie =
      `__Host-tandem-theme=${theme}; Path=/; Max-Age=28800; Secure; SameSite=None; Partitioned`;
  };

  const say = (id) => {
    for (const each of document.querySelectorAll("[data-teams]")) each.hidden = each.id !== id;
  };

  const inTime = (promise) =>
    Promise.race([
      promise,
      new Promise((_, reject) => setTimeout(() => reject(new Error("late")), LONGEST_WAIT)),
    ]);

  const begin = async () => {
    await app.initialize();
    app.registerOnThemeChangeHandler(follow);
    const context = await app.getContext();
    follow(context.app.theme);
    return context;
  };

  const signIn = async () => {
    let context;
    try {
      context = await inTime(begin());
    } catch {
      say("teams-elsewhere");
      return;
    }
    try {
      form.elements.token.value = await inTime(authentication.getAuthToken());
      // A link in Teams may name the page that it is about.
      if (context.page && context.page.subPageId) form.elements.next.value = context.page.subPageId;
      form.submit();
    } catch {
      say("teams-refused");
    }
  };

  if (form) signIn();
  else begin().catch(() => undefined);
})();
