"""What stands behind ./run and ./test: PostgreSQL and Valkey without a system service.

    install      makes the virtual environment from the hashed locks (standard library only)
    state        what lies under var/: secrets, the state file of a running site
    binaries     where the server programs are
    server_user  which user they run as (PostgreSQL refuses root)
    postgres     one cluster: create, start, roles
    valkey       the broker and cache
    processes    start and stop one child so that nothing outlives the parent
    programs     the command lines of web, worker and beat
    stand_ins    play the outside services that no key was given of
    supervisor   the order: servers, migrations, demo, web, worker, beat; and back

Nothing here imports Django or an app. With DATABASE_URL and REDIS_URL set, no server is
started and none is looked for.
"""
