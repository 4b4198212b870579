"use strict";

// ReDoc shows its maker's logo from its maker's server, which would tell it who reads
// here. It sets the address in two ways; told of an empty picture, it shows none.
const image = HTMLImageElement.prototype;
const { set } = Object.getOwnPropertyDescriptor(image, "src");
const { setAttribute } = image;
const ours = (address) =>
  address.startsWith("https://cdn.redoc.ly/") ? "data:," : address;

Object.defineProperty(image, "src", {
  set(address) {
    set.call(this, ours(address));
  },
});
image.setAttribute = function (name, value) {
  setAttribute.call(this, name, name === "src" ? ours(value) : value);
};
