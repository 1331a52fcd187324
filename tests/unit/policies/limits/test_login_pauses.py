from app.policies.limits.login_pauses import PAUSES, LoginPauses


def test_refused_logins_come_further_and_further_apart() -> None:
    """Never more than four within ten minutes, however many mails there are."""
    pauses = LoginPauses()
    now = 1000.0
    logins = []
    while now < 1000.0 + 3600.0:
        if pauses.wait(now) <= 0:
            logins.append(now - 1000.0)
            pauses.refused("535 no", now)
        now += 1.0
    assert logins == [0.0, 60.0, 360.0, 1260.0, 2160.0, 3060.0]
    assert pauses.said == "535 no"


def test_a_login_ends_the_pauses() -> None:
    """The next refusal is a first one again."""
    pauses = LoginPauses()
    pauses.refused("535 no", 0.0)
    pauses.refused("535 no", 60.0)
    pauses.forget()
    assert pauses.wait(61.0) == 0.0
    pauses.refused("535 no", 62.0)
    assert pauses.wait(62.0) == PAUSES[0]
