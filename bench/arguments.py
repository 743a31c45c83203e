"""Arguments that the scripts here share: what argparse takes as `type`, with a message that says what was wanted."""
import argparse
import shutil


def positive(text):
    """An integer above 0."""
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"wanted an integer above 0, found {text!r}")
    return int(text)


def program(text):
    """A program that can be run, by its path or its name."""
    if shutil.which(text) is None:
        raise argparse.ArgumentTypeError(f"wanted a program that can be run, found {text!r} (./dev bench builds what is missing)")
    return text
