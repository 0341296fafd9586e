"""What Tandem does, step by step. Each step asks ports; what to do the core decides.

At the top is the engine: due work (``work``, ``standing_work``, ``rounds``, ``registry``), writing
to Graph exactly once (``acting``), and when Tandem looks by itself (``look_times``). The packages
follow a pair's life: ``enrolment``, ``rulebook``, ``planning``, ``booking``, ``looking`` and
``changes``, ``ordering``, ``attendance``; then who hears of it: ``telling`` and ``messages``,
``showing``, ``reporting`` and ``pair_page``; then the installation: ``doctor``, ``probe`` and
``operating``.
"""
