// What the tests ask of the page; the package is addressed as a server without a build step has it.
import * as runtime from '/package/dist/browser/runtime.js';

globalThis.runtime = runtime;
globalThis.violations = [];
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
  globalThis.violations.push(`${violatedDirective} ${blockedURI}`);
});
