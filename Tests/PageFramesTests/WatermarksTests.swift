import PageFrames
import Testing

@Suite("Watermarks")
struct WatermarksTests {
  /// KiB that Linux keeps free by memory in MiB, by the comment over its formula (mm/page_alloc.c).
  @Test(
    "The minimum is Linux's",
    arguments: zip(
      [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384],
      [512, 724, 1024, 1448, 2048, 2896, 4096, 5792, 8192, 11_584, 16_384]))
  func linuxValues(mebibytes: Int, kibibytes: Int) {
    #expect(Watermarks.minimumFrames(of: mebibytes * 256) == kibibytes / 4)
  }

  @Test("It is never below 128 KiB and never above 64 MiB")
  func limits() {
    #expect(Watermarks.minimumFrames(of: 0) == 32)
    #expect(Watermarks.minimumFrames(of: 1) == 32)
    #expect(Watermarks.minimumFrames(of: 256) == 32)
    #expect(Watermarks.minimumFrames(of: 1 << 26) == 16_384)
    #expect(Watermarks.minimumFrames(of: 1 << 32) == 16_384)
  }

  @Test("It grows with memory")
  func growth() {
    var last = 0
    for step in 0..<4_000 {
      let minimum = Watermarks.minimumFrames(of: step * 1_009)
      #expect(minimum >= last)
      last = minimum
    }
  }

  @Test("The marks are a quarter of the minimum apart")
  func distances() {
    let marks = Watermarks(minimum: 400)
    #expect(marks.low == 500 && marks.high == 600)
  }
}
