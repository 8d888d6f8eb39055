import Foundation
import SpecKit
import Testing

/// The program that makes random system calls: built as for a guest, tried on this machine, whose kernel survives it.
@Suite("Random system calls", .serialized)
struct SystemCallFuzzTests {
  static let compiler = ["/usr/bin/gcc", "/usr/bin/cc"].first { FileManager.default.isExecutableFile(atPath: $0) }
  static let library = "/usr/lib/x86_64-linux-gnu/libc.a"
  static let canBuild = compiler != nil && FileManager.default.fileExists(atPath: library)

  /// Builds the program in `folder`.
  private func build(in folder: URL) throws -> URL {
    let files = try Generator(package: SpecPackage(root: TestFiles.root)).files(
      targetFile: "Tests/Fuzz/specs.json", entry: 0, outputs: ["SystemCalls.c"], sources: [])
    try Generator.write(files, to: folder)
    let program = folder.appending(path: "syscall-fuzz")
    let result = try TestFiles.run(
      URL(filePath: try #require(Self.compiler)),
      [
        "-std=c17", "-O1", "-static", "-Wall", "-Wextra", "-Werror",
        "-DSYSTEM_CALLS=\"\(folder.appending(path: "SystemCalls.c").path)\"", "-o", program.path,
        TestFiles.root.appending(path: "Tests/Fuzz/syscall-fuzz.c").path,
      ])
    #expect(result.code == 0, "\(result.errors)")
    return program
  }

  @Test(
    "the same seed gives the same calls, another gives others, and each call is made unless its entry forbids it",
    .enabled(if: canBuild, "needs gcc and a static libc"))
  func calls() throws {
    try TestFiles.withTemporaryFolder { folder in
      let program = try build(in: folder)
      func list(_ arguments: String...) throws -> String {
        let result = try TestFiles.run(program, ["-l"] + arguments)
        #expect(result.code == 0)
        return result.output
      }
      let text = try list("-s", "7", "-n", "100", "-g")
      #expect(try list("-s", "7", "-n", "100", "-g") == text)
      #expect(try list("-s", "8", "-n", "100", "-g") != text)
      let round = try list("-s", "7", "-r", "42", "-g")
      #expect(!round.isEmpty && text.contains(round))

      let spec = try SpecPackage(root: TestFiles.root).model(SystemCallSpec.self, from: "Specs/syscalls.json").model
      func names(_ text: String) -> Set<Substring> { Set(text.split(separator: "\n").map { $0.prefix { $0 != "(" } }) }
      let inGuest = names(text)
      let onHost = names(try list("-s", "7", "-n", "100"))
      for call in spec.calls {
        let name = call.name.value[...]
        let isMade = call.status.value != .obsolete && call.fuzz?.value != .never
        #expect(inGuest.contains(name) == isMade, "\(name)")
        #expect(onHost.contains(name) == (isMade && call.fuzz == nil), "\(name)")
      }
    }
  }

  @Test(
    "rounds end, whatever became of them, and most calls are made and many succeed",
    .enabled(if: canBuild, "needs gcc and a static libc"))
  func rounds() throws {
    try TestFiles.withTemporaryFolder { folder in
      let program = try build(in: folder)
      // A user without rights has to get at its folder.
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
      let result = try TestFiles.run(
        URL(filePath: "/usr/bin/env"), ["-C", folder.path, program.path, "-s", "3", "-n", "20", "-t", "20"])
      #expect(result.code == 0, "\(result.errors)")
      let summary = try #require(
        result.output.firstMatch(of: /fuzz: (\d+) rounds: (\d+) done, (\d+) killed, (\d+) stuck/), "\(result.output)")
      let counts = try [summary.1, summary.2, summary.3, summary.4].map { try #require(Int($0)) }
      #expect(counts[0] == counts[1] + counts[2] + counts[3] && counts[0] >= 1)
      #expect(counts[1] > 0)
      let calls = try #require(result.output.firstMatch(of: /(\d+) calls returned, (\d+) of them without error/))
      #expect(try #require(Int(calls.1)) >= 100 && #require(Int(calls.2)) >= 10)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("fuzz-") } == [],
        "rounds left their folders")
    }
  }
}
