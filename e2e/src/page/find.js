// Elements by role and accessible name, both as the browser itself computes them. The selectors only narrow
// down whom to ask: a computed role costs a layout.
const SELECTORS = {
  alert: "[role=alert]",
  banner: "header,[role=banner]",
  button: "button,[role=button],summary,input[type=button],input[type=submit]",
  checkbox: "input[type=checkbox],[role=checkbox]",
  combobox: "select,input[list],[role=combobox]",
  dialog: "dialog,[role=dialog]",
  heading: "h1,h2,h3,h4,h5,h6,[role=heading]",
  link: "a,[role=link]",
  list: "ul,ol,[role=list]",
  listbox: "select,[role=listbox]",
  log: "[role=log]",
  navigation: "nav,[role=navigation]",
  option: "option,[role=option]",
  progressbar: "progress,[role=progressbar]",
  radio: "input[type=radio],[role=radio]",
  region: "section,[role=region]",
  row: "tr,[role=row]",
  searchbox: "input[type=search],[role=searchbox]",
  status: "output,[role=status]",
  switch: "[role=switch]",
  table: "table,[role=table]",
  timer: "[role=timer]",
  textbox: "input,textarea,[role=textbox]",
};

function byRole(role, name = null, root = document) {
  return [...root.querySelectorAll(SELECTORS[role] ?? "*")].filter((element) =>
    element.computedRole === role && (name === null || element.computedName === name) && element.checkVisibility());
}
