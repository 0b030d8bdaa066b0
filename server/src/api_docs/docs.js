// What Swagger UI leaves out for those who hear the page or use no mouse.
function nameOf(control) {
  const parameter = control.closest('tr')?.querySelector('.parameter__name')?.firstChild?.textContent.trim();
  if (parameter) return parameter;
  if (control.closest('.responses-wrapper')) return 'Example of the answer';
  return control.localName === 'textarea' ? 'Body of the request' : 'Example of the body';
}

function complete() {
  for (const control of document.querySelectorAll('select:not([aria-label]), textarea:not([aria-label])')) {
    if (!control.labels.length) control.setAttribute('aria-label', nameOf(control));
  }
  for (const button of document.querySelectorAll('.close-modal:not([aria-label])')) button.setAttribute('aria-label', 'Close');
  // Long examples scroll.
  for (const example of document.querySelectorAll('pre.microlight:not([tabindex])')) example.tabIndex = 0;
}

new MutationObserver(complete).observe(document.getElementById('swagger-ui'), { childList: true, subtree: true });
