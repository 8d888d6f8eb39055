import Foundations
import PageCache
import Testing

@Suite("OutOfMemoryKiller")
struct OutOfMemoryTests {
  /// Memory and swap of the machine.
  private static let total = 100_000

  private func run(_ processes: [FakeProcess]) -> OutOfMemoryOutcome {
    OutOfMemoryKiller(FakeProcesses(processes), report: ReportLines().report).run(order: 0, total: Self.total)
  }

  @Test(
    "Badness is memory, swap and page tables, and a thousandth of all memory for each point of adjustment",
    arguments: [
      (0, 500), (1, 600), (-1, 400), (1000, 100_500), (-999, -99_400), (500, 50_500), (2000, 100_500),
    ])
  func badness(adjustment: Int, expected: Int) {
    let process = FakeProcess(5, adjustment: adjustment)
    process.memory.anonymousCount = 100
    process.memory.fileCount = 90
    process.memory.sharedCount = 80
    process.memory.swapCount = 200
    process.memory.pageTableCount = 30
    process.memory.virtualCount = 1_000_000
    #expect(process.badness(total: Self.total) == expected)
  }

  @Test("Init, kernel threads and processes at -1000 are never killed, whatever they have")
  func neverKilled() {
    let initial = FakeProcess(1, pages: 90_000)
    initial.isUnkillable = true
    let protected = FakeProcess(2, pages: 80_000, adjustment: -1000)
    #expect(initial.badness(total: Self.total) == nil && protected.badness(total: Self.total) == nil)
    #expect(run([initial, protected]) == .nobody)
    let small = FakeProcess(3, pages: 1, adjustment: -999)
    #expect(run([initial, protected, small]) == .killed(processID: 3))
    #expect(initial.killCount + protected.killCount == 0 && small.killCount == 1)
  }

  @Test(
    "The worst is chosen",
    arguments: [
      // Pages and adjustment of processes 10, 11, 12, and who dies.
      ([(100, 0), (200, 0), (150, 0)], 11), ([(100, 0), (100, 0), (100, 0)], 12),
      ([(100, 10), (200, 0), (150, 0)], 10),
      ([(5000, -100), (200, 0), (150, 0)], 11), ([(0, 1), (0, 0), (0, -1)], 10), ([(0, 0), (0, 0), (0, 0)], 12),
      ([(0, -999), (0, -998), (0, -999)], 11), ([(99_999, -1000), (1, 0), (0, 0)], 11),
    ] as [([(Int, Int)], Int32)])
  func choice(table: [(Int, Int)], victim: Int32) {
    let processes = table.enumerated().map { FakeProcess(Int32($0 + 10), pages: $1.0, adjustment: $1.1) }
    #expect(run(processes) == .killed(processID: victim))
    #expect(processes.map(\.killCount).reduce(0, +) == 1 && processes.first { $0.killCount == 1 }?.processID == victim)
  }

  @Test("While a victim ends, no other is killed; one that gives nothing back is given up after 16 requests")
  func patience() {
    let processes = [FakeProcess(10, pages: 100), FakeProcess(11, pages: 200), FakeProcess(12, pages: 50)]
    let killer = OutOfMemoryKiller(FakeProcesses(processes), report: ReportLines().report)
    #expect(killer.run(order: 0, total: Self.total) == .killed(processID: 11))
    for _ in 0..<16 { #expect(killer.run(order: 0, total: Self.total) == .waiting(processID: 11)) }
    #expect(killer.run(order: 0, total: Self.total) == .killed(processID: 10))
    for _ in 0..<16 { #expect(killer.run(order: 0, total: Self.total) == .waiting(processID: 10)) }
    #expect(killer.run(order: 0, total: Self.total) == .killed(processID: 12))
    for _ in 0..<16 { #expect(killer.run(order: 0, total: Self.total) == .waiting(processID: 12)) }
    #expect(killer.run(order: 0, total: Self.total) == .nobody)
    #expect(processes.allSatisfy { $0.killCount == 1 })
  }

  @Test("A victim that gives memory back is waited for as long as it does")
  func progress() {
    let processes = FakeProcesses([FakeProcess(10, pages: 100), FakeProcess(11, pages: 200)])
    let killer = OutOfMemoryKiller(processes, report: ReportLines().report)
    #expect(killer.run(order: 0, total: Self.total) == .killed(processID: 11))
    for step in 0..<100 {
      if step % 10 == 9 { processes.processes[1].memory.anonymousCount -= 1 }
      #expect(killer.run(order: 0, total: Self.total) == .waiting(processID: 11))
    }
    processes.processes.removeLast()
    #expect(killer.run(order: 0, total: Self.total) == .killed(processID: 10))
  }

  @Test("A process that ends by itself is waited for too, but not one after the other for ever")
  func endingByItself() {
    let processes = FakeProcesses([FakeProcess(10, pages: 10), FakeProcess(11, pages: 20)])
    let killer = OutOfMemoryKiller(processes, report: ReportLines().report)
    processes.processes[0].isExiting = true
    for _ in 0..<16 { #expect(killer.run(order: 0, total: Self.total) == .waiting(processID: 10)) }
    #expect(killer.run(order: 0, total: Self.total) == .killed(processID: 11))
    // The first is gone, and the victim too; another ends.
    processes.processes = [FakeProcess(12, pages: 5), FakeProcess(13, pages: 1)]
    processes.processes[0].isExiting = true
    #expect(killer.run(order: 0, total: Self.total) == .waiting(processID: 12))
    #expect(processes.processes.allSatisfy { $0.killCount == 0 })
  }

  @Test("The report has Linux's words and columns")
  func report() {
    let lines = ReportLines()
    let shell = FakeProcess(321, adjustment: -17)
    shell.name = "bash"
    shell.isRequester = true
    let victim = FakeProcess(98_765)
    victim.name = "firefox-bin"
    victim.userID = 1000
    victim.memory = ProcessMemory()
    victim.memory.virtualCount = 1_234_567
    victim.memory.anonymousCount = 1000
    victim.memory.fileCount = 200
    victim.memory.sharedCount = 30
    victim.memory.swapCount = 4
    victim.memory.pageTableCount = 50
    let killer = OutOfMemoryKiller(FakeProcesses([shell, victim]), report: lines.report)
    #expect(killer.run(order: 2, total: Self.total) == .killed(processID: 98_765))
    #expect(
      lines.lines == [
        "bash invoked oom-killer: order=2, oom_score_adj=-17",
        "Tasks state (memory values in pages):",
        "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name",
        "[    321]     0   321        0        0        0        0         0        0        0           -17 bash",
        "[  98765]  1000 98765  1234567     1230     1000      200        30   204800        4             0 firefox-bin",
        "Out of memory: Killed process 98765 (firefox-bin) total-vm:4938268kB, anon-rss:4000kB, file-rss:800kB, "
          + "shmem-rss:120kB, UID:1000 pgtables:200kB oom_score_adj:0",
      ])
  }

  @Test("The score that programs read is 0 to 1333, about 667 for a process that has nothing")
  func scores() {
    #expect(FakeProcess(5).score(total: Self.total) == 666)
    #expect(FakeProcess(5, adjustment: 1000).score(total: Self.total) == 1333)
    #expect(FakeProcess(5, adjustment: -999).score(total: Self.total) == 0)
    #expect(FakeProcess(5, adjustment: -1000).score(total: Self.total) == 0)
    #expect(FakeProcess(5, pages: 50_000).score(total: Self.total) == 1000)
    #expect(FakeProcess(5).score(total: 0) == 0)
  }
}
