"""One breach of every rule about pictures."""

from collections.abc import Callable

# Rule, example, what is done to the pictures, and where the finding stands.
PICTURE_CASES: list[tuple[str, str, Callable[[dict[str, bytes]], object], str]] = [
    ("icon-required", "coupon", lambda files: [files.pop(name) for name in list(files) if "icon" in name], "icon.png"),
    ("icon-scale-recommended", "coupon", lambda files: files.pop("icon@3x.png"), "icon@3x.png"),
    ("image-scale-missing", "coupon", lambda files: files.pop("logo@2x.png"), "logo@2x.png"),
    ("image-not-png", "coupon", lambda files: files.update({"logo.png": b"GIF89a"}), "logo.png"),
    ("image-name-unknown", "coupon", lambda files: files.update({"icon.jpg": b""}), "icon.jpg"),
    ("image-size-wrong", "coupon", lambda files: files.update({"icon.png": files["logo.png"]}), "icon.png"),
    ("image-size-wrong", "coupon", lambda files: files.update({"logo.png": files["logo@2x.png"]}), "logo.png"),
    (
        "image-localised-hidden",
        "coupon",
        lambda files: files.update({"de.lproj/logo.png": files["logo.png"]}),
        "de.lproj/logo.png",
    ),
    ("image-not-shown", "coupon", lambda files: files.update({"thumbnail.png": b""}), "thumbnail.png"),
    ("poster-ticket-image-required", "event_ticket", lambda files: files.pop("artwork.png"), "images"),
    (
        "poster-image-missing",
        "poster_generic",
        lambda files: [files.pop(name) for name in list(files) if "primary" in name],
        "primaryLogo.png",
    ),
    (
        "personalisation-needs-nfc",
        "coupon",
        lambda files: files.update({"personalizationLogo.png": b""}),
        "personalizationLogo.png",
    ),
]
