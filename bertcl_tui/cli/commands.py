"""Every command, in one table."""

from typing import Final

from msgspec import Struct

PROGRAM: Final = "bertcl-tui"


class Command(Struct, frozen=True):
    """What the help of the program says of a command, and where the command is."""

    name: str
    function: str
    """``module:function`` of this folder; its docstring is its help."""
    panel: str
    help: str
    """The first line of that docstring, which is thus known without loading it."""
    example: str
    """What follows the name of the program; several lines are several examples."""
    parts: tuple["Command", ...] = ()
    """Commands of its own, after its name; it is what happens without one."""


COMMANDS: Final = (
    Command(
        "demo",
        "demo:demo",
        "Search",
        "Search on the sample pack for a few minutes, in demo.db in this folder.",
        "demo",
    ),
    Command(
        "search",
        "search:search",
        "Search",
        "Search for learning rates on a sequence of tasks: a profile, unless --method says else.",
        "search rotten-tomatoes:privacy-qa --data sample --trials 20\n"
        "search sst2:mrpc --sampler gp --budget 200 --detach\n"
        "search sst2:mrpc --searched-stages later --first-lr 5e-5",
    ),
    Command(
        "run",
        "run:run",
        "Search",
        "Learn a sequence once, with any method, and print what came of it.",
        "run sst2:mrpc --lr 2e-5 --seed 1\n"
        "run sst2:mrpc --method replay --profile mine.json --option share=0.1",
    ),
    Command(
        "studies",
        "studies:studies",
        "Look",
        "List the studies with their state, trials and best p.",
        "studies --json",
    ),
    Command(
        "trials",
        "studies:trials",
        "Look",
        "List the trials of a study, best first, or write them into a file with every digit.",
        "trials sst2:mrpc --filter 'p_o>0.6 state:complete'\ntrials sst2:mrpc --json",
    ),
    Command(
        "pause",
        "control:pause",
        "Search",
        "Pause studies in mid-trial; nothing that was learnt is lost.",
        "pause sst2:mrpc",
    ),
    Command(
        "resume",
        "control:resume",
        "Search",
        "Let paused, stopped or failed studies go on, with workers in the background.",
        "resume sst2:mrpc",
    ),
    Command(
        "stop",
        "control:stop",
        "Search",
        "Stop studies; everything measured is kept.",
        "stop sst2:mrpc",
    ),
    Command(
        "rename",
        "control:rename",
        "Look",
        "Give a study another name; its workers go on, and the old name finds it too.",
        "rename sst2:mrpc first-try",
    ),
    Command(
        "archive",
        "control:archive",
        "Look",
        "Put studies away, out of the usual lists; nothing of them is lost.",
        "archive first-try\narchive first-try --off",
    ),
    Command(
        "delete",
        "control:delete",
        "Look",
        "Delete studies and all that was measured in them; undelete has them back for a minute.",
        "delete first-try",
    ),
    Command(
        "undelete",
        "control:undelete",
        "Look",
        "Have back the studies that were deleted last, less than a minute ago.",
        "undelete",
    ),
    Command(
        "retry",
        "control:retry",
        "Search",
        "Run trials once more that failed, collapsed, were stopped or pruned.",
        "retry sst2:mrpc 8",
    ),
    Command(
        "show",
        "show:show",
        "Look",
        "Show a study, or one of its trials, in full.",
        "show sst2:mrpc 17",
    ),
    Command(
        "mark",
        "remarks:mark",
        "Look",
        "Mark trials to be compared and combined, or print which are marked.",
        "mark sst2:mrpc 8 17",
    ),
    Command(
        "note",
        "remarks:note",
        "Look",
        "Write a note on a trial; tables show it, and a filter finds it: note:#keep.",
        "note sst2:mrpc 17 'low layers hardly move #keep'",
    ),
    Command(
        "explain",
        "explain:explain",
        "Look",
        "Say what differs between two runs, and between each and the paper; one RUN: the latter.",
        "explain sst2:mrpc:17 sst2:mrpc:3",
    ),
    Command(
        "report",
        "report:report",
        "Look",
        "Write a study, or the arena, as one HTML file with charts that needs no network.",
        "report sst2:mrpc --out report.html\nreport arena --out arena.html",
    ),
    Command(
        "importance",
        "importance:importance",
        "Look",
        "Tell which choices the scores of a study hang on, and whether higher rates are better.",
        "importance sst2:mrpc --evaluator fanova --json",
    ),
    Command(
        "query",
        "query:query",
        "Look",
        "Ask the store in SQL, and write nothing to it: studies, trials, runs, curves, drift.",
        "query\n"
        'query --sql "SELECT study, max(p) FROM trials GROUP BY study"\n'
        "query --sql \"SELECT * FROM curves WHERE study = 'sst2:mrpc'\" --out curves.parquet",
    ),
    Command(
        "track",
        "track:track",
        "Look",
        "Write the runs of a study for MLflow, W&B, TensorBoard or Trackio; again: what is new.",
        "track sst2:mrpc --to mlflow\n"
        "track sst2:mrpc --to mlflow --out http://localhost:5000\n"
        "track sst2:mrpc:1,4,7-9 --to tensorboard --out boards",
    ),
    Command(
        "watch",
        "watch:watch",
        "Look",
        "Tell of new bests, collapses, failures and the end of searches that run by themselves.",
        "watch sst2:mrpc --on new-best,collapse,over --desktop\n"
        "watch --on over,failure,budget=6h --webhook '$SLACK_URL'\n"
        "watch --on over --command 'notify-send bertcl'",
    ),
    Command(
        "shifts",
        "shifts:shifts",
        "Look",
        "Show how a task is shifted against itself: short and long texts, and two clusters.",
        "shifts rotten-tomatoes --data sample --out shifts.svg",
    ),
    Command(
        "combine",
        "combine:combine",
        "Profiles",
        "Combine trials into one learning rate per choice, and write it as a profile.",
        "combine sst2:mrpc qqp:mrpc:1,4,7-9 --out mine.json",
    ),
    Command(
        "export",
        "export:export",
        "Profiles",
        "Write a profile as another trainer reads it: HF Trainer, axolotl, torchtitan and others.",
        "export mine.json --for hf-trainer\n"
        "export published --for sentence-transformers --model sample --out rates.json",
    ),
    Command(
        "arena",
        "arena:arena",
        "Compare",
        "Compare methods over sequences and seeds, as in the tables of the paper.",
        "arena --sequences sst2:mrpc,mrpc:sst2 --methods flat,ewc-task,combined --seeds 5",
    ),
    Command(
        "confirm",
        "confirm:confirm",
        "Compare",
        "Run the best trials of a study again with fresh seeds: was it skill or luck?",
        "confirm sst2:mrpc --top 4 --seeds 3",
    ),
    Command(
        "import",
        "imports:import_trials",
        "Profiles",
        "Read what other programs found: logs, CSVs of trials, and the rates of other trainers.",
        "import sst2-mrpc.csv --sequence sst2:mrpc\n"
        "import trials.csv --sequence a:b --model my-model --columns p_o=old,p_s=new\n"
        "import groups.json --sequence a:b --scores 0.88,0.71\n"
        "import rates.yaml --from axolotl --model my-llama --out profile.json",
    ),
    Command(
        "worker",
        "workers:worker",
        "Workers",
        "Work here, in the foreground, for whatever the store asks for.",
        "worker --slots 2 --until-idle",
    ),
    Command(
        "workers",
        "workers:workers",
        "Workers",
        "List the workers and what each works on.",
        "workers --json",
    ),
    Command(
        "log",
        "log:log",
        "Workers",
        "Show the last that workers said, and with -f what they say from now on.",
        "log -f --level warning --study sst2:mrpc",
    ),
    Command(
        "doctor",
        "doctor:doctor",
        "This machine",
        "Say what is there and what is missing: libraries, devices, store, samples, hub, terminal.",
        "doctor",
    ),
    Command(
        "clean",
        "clean:clean",
        "This machine",
        "Show what can go from the disk, and free it after a y or with --yes.",
        "clean\nclean caches first-stages --older 7d --yes",
    ),
    Command(
        "config",
        "config:show",
        "This machine",
        "Show where the settings are, and what is set.",
        "config\nconfig set theme bertcl-light\nconfig set keys vim\nconfig keys",
        parts=(
            Command(
                "path",
                "config:path",
                "",
                "Print where the settings are, or would be.",
                "config path",
            ),
            Command("get", "config:get", "", "Print one setting.", "config get keys.sort"),
            Command(
                "set",
                "config:change",
                "",
                "Set something, once it is known that it can be so.",
                "config set keys.sort o,f5",
            ),
            Command(
                "unset",
                "config:unset",
                "",
                "Let something be as it comes.",
                "config unset keys.sort",
            ),
            Command(
                "keys",
                "config:keys",
                "",
                "List every action with its keys, and where they are pressed.",
                "config keys",
                parts=(
                    Command(
                        "export",
                        "config:export_keys",
                        "",
                        "Write your keys into a file, for others to import.",
                        "config keys export keys.toml",
                    ),
                    Command(
                        "import",
                        "config:import_keys",
                        "",
                        "Take over the keys of a file that was exported, or of other settings.",
                        "config keys import keys.toml",
                    ),
                ),
            ),
            Command(
                "edit",
                "config:edit",
                "",
                "Open the settings in $VISUAL or $EDITOR; what is wrong never gets into the file.",
                "config edit",
            ),
        ),
    ),
)
