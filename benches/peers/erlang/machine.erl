%% The programs of V4 in Erlang: `erl +S1 -noshell -run machine main ping 1000000`.
%%
%% Prints the messages that were received and the CPU milliseconds of the emulator they took. A message has a label and
%% a number, as Tell's has. A tenth of the work is done before the clock starts.
-module(machine).
-export([main/1]).

main([Program, Count]) ->
    N = list_to_integer(Count),
    run(Program, max(1, N div 10)),
    {Start, _} = erlang:statistics(runtime),
    Messages = run(Program, N),
    {End, _} = erlang:statistics(runtime),
    io:format("~p ~p~n", [Messages, End - Start]),
    halt(0, [{flush, true}]).

run("ping", Rounds) -> ping(Rounds);
run("ring", Rounds) -> ring(100, Rounds);
run("sessions", Count) -> sessions(Count, 100).

%% Two processes that play so many rounds.
ping(Rounds) ->
    Main = self(),
    spawn(fun() -> session(Rounds), Main ! done end),
    receive done -> 2 * Rounds end.

session(Rounds) ->
    Ping = self(),
    Pong = spawn(fun() -> answer(Ping) end),
    serve(Pong, 7, Rounds).

serve(Pong, _, 0) -> Pong ! stop;
serve(Pong, Ball, Left) ->
    Pong ! {ball, Ball},
    receive {ball, Back} -> serve(Pong, Back, Left - 1) end.

answer(Ping) ->
    receive
        {ball, Ball} -> Ping ! {ball, Ball}, answer(Ping);
        stop -> ok
    end.

%% Processes that pass a ball round so many times.
ring(Size, Rounds) ->
    Main = self(),
    First = spawn(fun() -> receive {next, Next} -> first(Next, 7, Rounds), Main ! done end end),
    Second = lists:foldl(fun(_, Next) -> spawn(fun() -> pass(Next) end) end, First, lists:seq(2, Size)),
    First ! {next, Second},
    receive done -> Size * Rounds end.

first(Next, _, 0) -> Next ! stop, receive stop -> ok end;
first(Next, Ball, Left) ->
    Next ! {ball, Ball},
    receive {ball, Back} -> first(Next, Back, Left - 1) end.

pass(Next) ->
    receive
        {ball, Ball} -> Next ! {ball, Ball}, pass(Next);
        stop -> Next ! stop
    end.

%% So many pairs of processes, all at once, each playing so many rounds.
sessions(Count, Rounds) ->
    Main = self(),
    [spawn(fun() -> session(Rounds), Main ! done end) || _ <- lists:seq(1, Count)],
    [receive done -> ok end || _ <- lists:seq(1, Count)],
    2 * Count * Rounds.
