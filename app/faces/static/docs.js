// Shows /openapi.json with Swagger UI, in the colours that the system prefers.

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

follow();
dark.addEventListener("change", follow);

/** A path without its own link: it stands in a button, in which nothing else can be pressed. */
const plainPaths = () => ({
  wrapComponents: { DeepLink: (_, { React }) => ({ text }) => React.createElement("span", null, text) },
});

window.ui = SwaggerUIBundle({
  dom_id: "#docs",
  url: "/openapi.json",
  deepLinking: true,
  plugins: [plainPaths],
  displayRequestDuration: true,
  validatorUrl: null, // it would send the description to another host
});
