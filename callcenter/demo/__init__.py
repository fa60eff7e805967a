"""The demonstration: invented citizens played through the real services over a month that ends now.

``material`` reads the texts and volumes, ``cast`` invents people, ``hours`` lays out time,
``scores`` says what kinds of stories there are, ``plan`` casts them, ``acts`` carries a story out through
the services, ``play`` lets all stories happen in the order of time. Plan and dice come before the first
write, so one seed always gives the same stories, whenever it is played.
"""
