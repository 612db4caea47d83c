"""
One controller, one profile: what its policy says, and how it is wired.

Rights, deadlines and the floor of identity come from the law; a profile only adds the controller's own facts.
"""

from app.profiles.check import Problem, Severity, problems
from app.profiles.facts import Category, Recipient
from app.profiles.loader import BrokenProfile, load_profiles, profile_of, read_profile
from app.profiles.model import Limits, Profile, System

__all__ = [
    "BrokenProfile",
    "Category",
    "Limits",
    "Problem",
    "Profile",
    "Recipient",
    "Severity",
    "System",
    "load_profiles",
    "problems",
    "profile_of",
    "read_profile",
]
