#include "engine/files/safetensors.h"

#include <gmock/gmock.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "engine/error.h"
#include "tests/support/full_disk.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using Checksum = TensorFile::Checksum;

// A file with every type, a single number, an empty tensor and metadata that needs escapes.
struct Example {
  std::vector<float> weights = {1.5f, -2.0f, 3.25f, 0.0f, -0.0f, 1e-40f};
  std::vector<double> moments = {1e300, -1e-300};
  std::vector<std::int32_t> actions = {-1, 2, 3};
  std::vector<std::int64_t> counts = {std::numeric_limits<std::int64_t>::min()};
  std::vector<std::uint8_t> valid = {1, 0, 1};
  std::vector<std::uint32_t> key = {7};
  std::vector<std::uint64_t> iteration = {1ull << 63};
  Metadata metadata = {{"config", "{\"seed\": 1}\n"}, {"layout", "θ → [\"a\"]"}, {"empty", ""}};

  std::vector<Tensor> tensors() const {
    return {Tensor::of<std::uint8_t>("valid", {3}, valid),
            Tensor::of<float>("layer0.weight", {2, 3}, weights),
            Tensor::of<double>("moments", {2}, moments),
            Tensor::of<std::int32_t>("actions", {3, 1}, actions),
            Tensor::of<std::int64_t>("counts", {1}, counts),
            Tensor::of<std::uint32_t>("key", {}, key),
            Tensor::of<std::uint64_t>("iteration", {1}, iteration),
            Tensor::of<float>("none", {0, 4}, {})};
  }

  void write(const std::filesystem::path& path) const { write_safetensors(path, tensors(), metadata); }
};

class Safetensors : public testing::Test {
 protected:
  // Writes a file by hand: a header's length and text, and `data_size` bytes.
  void write_raw(const std::string& header, std::size_t data_size) const {
    write_raw(header, data_size, header.size());
  }
  void write_raw(const std::string& header, std::size_t data_size, std::uint64_t length) const {
    std::string text(8, '\0');
    std::memcpy(text.data(), &length, 8);
    write_text(path, text + header + std::string(data_size, 'x'));
  }
  // The message with which the file is refused, which begins with its name.
  std::string refusal(Checksum checksum = Checksum::if_present) const {
    const std::string message = message_of<InputError>([&] { TensorFile::read(path, checksum); });
    EXPECT_THAT(message, StartsWith(path.string() + ": "));
    return message.substr(std::min(message.size(), path.string().size() + 2));
  }
  std::string refusal_of(const std::string& header, std::size_t data_size) const {
    write_raw(header, data_size);
    return refusal();
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "file.safetensors";
};

TEST_F(Safetensors, ReadsBackWhatWasWritten) {
  const Example example;
  example.write(path);
  const TensorFile file = TensorFile::read(path);
  EXPECT_EQ(file.metadata(), example.metadata);
  EXPECT_EQ(file.tensors().size(), example.tensors().size());
  for (const Tensor& written : example.tensors()) {
    const Tensor& read = file.tensor(written.name, written.dtype, written.shape);
    ASSERT_EQ(read.data.size(), written.data.size()) << written.name;
    EXPECT_TRUE(std::equal(read.data.begin(), read.data.end(), written.data.begin())) << written.name;
  }
  EXPECT_EQ(file.values<float>("layer0.weight", {2, 3}), example.weights);
  EXPECT_EQ(file.values<std::uint64_t>("iteration", {1}), example.iteration);
}

TEST_F(Safetensors, AlignsTheDataOfEachTensor) {
  Example().write(path);
  const std::string text = read_text(path);
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, text.data(), 8);
  EXPECT_EQ(header_size % 8, 0u);
  const auto header = nlohmann::json::parse(text.substr(8, header_size));
  for (const Tensor& tensor : Example().tensors()) {
    const std::size_t begin = header[tensor.name]["data_offsets"][0];
    EXPECT_EQ(begin % dtype_size(tensor.dtype), 0u) << tensor.name;
  }
}

TEST_F(Safetensors, TheSameContentGivesTheSameBytes) {
  Example().write(path);
  const std::string first = read_text(path);
  Example().write(path);
  EXPECT_EQ(read_text(path), first);
}

TEST_F(Safetensors, AFileWithoutTensorsIsOne) {
  write_safetensors(path, {}, {});
  EXPECT_TRUE(TensorFile::read(path).tensors().empty());
}

// As in the name of a file that the config tells of.
TEST_F(Safetensors, MetadataOfBytesThatAreNoUtf8IsWritten) {
  write_safetensors(path, {}, {{"config", "tasks\xff.json"}});
  EXPECT_EQ(TensorFile::read(path).metadata("config"), "tasks\uFFFD.json");
}

TEST_F(Safetensors, FindsEveryChangedByte) {
  Example().write(path);
  const std::string text = read_text(path);
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const int change : {0x01, 0x20, 0x29, 0x80, 0xFF}) {  // 0x29 turns the padding's space into a tab
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ change);
      write_text(path, damaged);
      EXPECT_THROW(TensorFile::read(path), InputError) << "byte " << i << " ^ " << change;
    }
  }
}

TEST_F(Safetensors, FindsEveryCutAndWhatIsAppended) {
  Example().write(path);
  const std::string text = read_text(path);
  for (std::size_t size = 0; size < text.size(); ++size) {
    write_text(path, text.substr(0, size));
    EXPECT_THROW(TensorFile::read(path), InputError) << size;
  }
  write_text(path, text + "x");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("wanted 75 bytes of data"), HasSubstr("found 76 bytes")));
}

TEST_F(Safetensors, TakesAFileOfAnotherProgramOnlyWhereItIsWanted) {
  write_raw(
      R"({"b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  )",
      7);
  const TensorFile file = TensorFile::read(path, Checksum::if_present);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_EQ(file.values<std::uint8_t>("b", {3}), (std::vector<std::uint8_t>{'x', 'x', 'x'}));
  EXPECT_THAT(refusal(Checksum::required), HasSubstr("metadata: wanted a \"checksum\", found none"));
}

TEST_F(Safetensors, ChecksAChecksumThatIsPresent) {
  Example().write(path);
  std::string text = read_text(path);
  text.back() ^= 1;
  write_text(path, text);
  EXPECT_THAT(refusal(Checksum::if_present), HasSubstr("found another one: the file is damaged"));
}

TEST_F(Safetensors, RefusesAChecksumElsewhereInTheHeader) {
  EXPECT_THAT(refusal_of(R"({"__metadata__":{"a":"","checksum":"crc32c:00000000"}})", 0),
              HasSubstr("at the header's start, found \"crc32c:00000000\""));
}

TEST_F(Safetensors, NamesWhatIsMissingOrNoFile) {
  EXPECT_EQ(refusal(), "wanted a file, found none");
  std::filesystem::create_directory(path);
  EXPECT_EQ(refusal(), "wanted a file, found something else");
}

TEST_F(Safetensors, RefusesLengthsThatTheFileDoesNotHave) {
  write_text(path, "");
  EXPECT_EQ(refusal(), "wanted at least the 8 bytes of the header's length, found 0 bytes");
  write_raw("{}", 10, 1ull << 62);
  EXPECT_EQ(refusal(), "header length: wanted at most 12, found 4611686018427387904");
  write_raw("{}", 0, 3);
  EXPECT_EQ(refusal(), "header length: wanted at most 2, found 3");
}

TEST_F(Safetensors, RefusesAHeaderThatIsNotOfTheForm) {
  EXPECT_THAT(refusal_of("", 0), HasSubstr("header: wanted \"{\" at its start"));
  EXPECT_THAT(refusal_of(" {}", 0), HasSubstr("header: wanted \"{\" at its start, found \" \""));
  EXPECT_THAT(refusal_of("{\"a\":", 0), HasSubstr("header: wanted JSON"));
  EXPECT_THAT(refusal_of("{}x", 0), HasSubstr("header: wanted JSON"));
  EXPECT_EQ(refusal_of(R"({"a":[]})", 0), R"(header: wanted an object for "a", found a list)");
  EXPECT_EQ(refusal_of(R"({"__metadata__":{"a":1}})", 0),
            R"(metadata: wanted a string for "a", found the number 1)");
  EXPECT_EQ(refusal_of(R"({"__metadata__":{"a":{}}})", 0),
            R"(metadata: wanted a string for "a", found an object)");
  EXPECT_EQ(refusal_of(R"({"t":{"colour":"red"}})", 0),
            R"(tensor "t": wanted "dtype", "shape" and "data_offsets", found "colour")");
  EXPECT_EQ(refusal_of(R"({"t":{"shape":[[]]}})", 0),
            R"(tensor "t": wanted whole numbers from 0 in "shape", found a list)");
  EXPECT_EQ(refusal_of(R"({"t":{"shape":[-1]}})", 0),
            R"(tensor "t": wanted whole numbers from 0 in "shape", found the number -1)");
  EXPECT_EQ(refusal_of(R"({"t":{"shape":[1.5]}})", 0),
            R"(tensor "t": wanted whole numbers from 0 in "shape", found the number 1.5)");
  EXPECT_EQ(refusal_of(R"({"t":{"shape":[1e400]}})", 0).substr(0, 20), "header: wanted JSON,");
  EXPECT_EQ(refusal_of(R"({"t":{"shape":"3"}})", 0),
            R"(tensor "t": wanted a list for "shape", found a string)");
  EXPECT_EQ(refusal_of(R"({"t":{"dtype":[1]}})", 0),
            R"(tensor "t": wanted a string for "dtype", found a list)");
  EXPECT_EQ(refusal_of(R"({"t":{"dtype":null}})", 0),
            R"(tensor "t": wanted a string for "dtype", found null)");
  EXPECT_EQ(refusal_of("{\"t\":{\"shape\":" + std::string(100000, '['), 0),
            R"(tensor "t": wanted whole numbers from 0 in "shape", found a list)");
  EXPECT_THAT(refusal_of(std::string("{\"\xff\":{}}"), 0), HasSubstr("header: wanted JSON"));
}

TEST_F(Safetensors, RefusesNamesThatComeTwice) {
  const std::string tensor = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_EQ(refusal_of("{\"a\":" + tensor + ",\"a\":" + tensor + "}", 1),
            R"(header: wanted each name once, found "a" twice)");
  EXPECT_EQ(refusal_of(R"({"a":{"dtype":"U8","dtype":"U8"}})", 1),
            R"(tensor "a": wanted each name once, found "dtype" twice)");
  EXPECT_EQ(refusal_of(R"({"__metadata__":{"a":"","a":""}})", 0),
            R"(metadata: wanted each name once, found "a" twice)");
  EXPECT_EQ(refusal_of(R"({"__metadata__":{},"__metadata__":{}})", 0),
            R"(header: wanted each name once, found "__metadata__" twice)");
}

TEST_F(Safetensors, RefusesTensorsThatContradictThemselves) {
  EXPECT_EQ(refusal_of(R"({"t":{"shape":[1],"data_offsets":[0,1]}})", 1),
            R"(tensor "t": wanted "dtype", found none)");
  EXPECT_EQ(refusal_of(R"({"t":{"dtype":"U8","data_offsets":[0,1]}})", 1),
            R"(tensor "t": wanted "shape", found none)");
  EXPECT_EQ(refusal_of(R"({"t":{"dtype":"U8","shape":[1]}})", 1),
            R"(tensor "t": wanted "data_offsets", found none)");
  EXPECT_EQ(refusal_of(R"({"t":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}})", 2),
            R"(tensor "t": wanted the dtype F32, F64, I32, I64, U8, U32 or U64, found "BF16")");
  EXPECT_EQ(refusal_of(R"({"t":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}})", 20),
            R"(tensor "t": wanted the 24 bytes of F32 [2, 3], found data_offsets for 20 bytes)");
  EXPECT_EQ(refusal_of(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", 1),
            R"(tensor "t": wanted two data_offsets, the begin and the end, found 1 and 0)");
  EXPECT_EQ(refusal_of(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})", 1),
            R"(tensor "t": wanted two data_offsets, the begin and the end, found 3)");
}

TEST_F(Safetensors, RefusesShapesThatOverflow) {
  // 2^32 · 2^32 is 0 in 64 bits, which an empty tensor would match.
  EXPECT_EQ(refusal_of(R"({"t":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0),
            R"(tensor "t": wanted a shape of less than 2^63 bytes, found 4294967296 bytes times 4294967296)");
  EXPECT_EQ(refusal_of(R"({"t":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,0]}})", 0),
            R"(tensor "t": wanted a shape of less than 2^63 bytes, found 1 byte times 18446744073709551615)");
  EXPECT_THAT(
      refusal_of(R"({"t":{"dtype":"F64","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}})", 0),
      HasSubstr("wanted a shape of less than 2^63 bytes"));
}

TEST_F(Safetensors, RefusesHolesOverlapsAndTrailingBytes) {
  const auto two = [](const char* first, const char* second) {
    return std::string(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)") + first +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}";
  };
  EXPECT_EQ(refusal_of(two("[0,4]", "[3,7]"), 8),
            R"(tensor "b": wanted it to begin where the one before ends, at byte 4 of the data, found 3)");
  EXPECT_EQ(refusal_of(two("[0,4]", "[5,9]"), 9),
            R"(tensor "b": wanted it to begin where the one before ends, at byte 4 of the data, found 5)");
  EXPECT_EQ(refusal_of(two("[1,5]", "[5,9]"), 9),
            R"(tensor "a": wanted it to begin where the one before ends, at byte 0 of the data, found 1)");
  EXPECT_EQ(refusal_of(two("[0,4]", "[4,8]"), 9), "wanted 8 bytes of data, found 9 bytes");
  EXPECT_EQ(refusal_of(two("[0,4]", "[4,8]"), 7), "wanted 8 bytes of data, found 7 bytes");
}

TEST_F(Safetensors, TellsWhichTensorWasWantedAndWhatWasFound) {
  Example().write(path);
  const TensorFile file = TensorFile::read(path);
  const auto message = [](auto act) { return message_of<InputError>(act); };
  EXPECT_EQ(message([&] { file.tensor("layer1.weight"); }),
            path.string() + ": wanted a tensor \"layer1.weight\", found none");
  EXPECT_EQ(message([&] {
              file.values<float>("layer0.weight", {3, 2});
            }),
            path.string() + ": tensor \"layer0.weight\": wanted F32 [3, 2], found F32 [2, 3]");
  EXPECT_EQ(message([&] {
              file.values<double>("layer0.weight", {2, 3});
            }),
            path.string() + ": tensor \"layer0.weight\": wanted F64 [2, 3], found F32 [2, 3]");
  EXPECT_EQ(message([&] { file.metadata("algorithm"); }),
            path.string() + ": metadata: wanted \"algorithm\", found none");
}

TEST_F(Safetensors, TheWriterRefusesWhatNoReaderTakes) {
  const std::vector<float> values(6);
  const std::array wrong_size = {Tensor::of<float>("a", {7}, values)};
  EXPECT_THROW(write_safetensors(path, wrong_size, {}), std::invalid_argument);
  const std::array twice = {Tensor::of<float>("a", {6}, values), Tensor::of<float>("a", {6}, values)};
  EXPECT_THROW(write_safetensors(path, twice, {}), std::invalid_argument);
  const std::array reserved = {Tensor::of<float>("__metadata__", {6}, values)};
  EXPECT_THROW(write_safetensors(path, reserved, {}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(path, {}, {{"checksum", ""}}), std::invalid_argument);
  EXPECT_EQ(count_entries(folder.path()), 0u);
}

TEST_F(Safetensors, AFullDiskLeavesTheOldFile) {
  Example().write(path);
  const std::vector<float> large(10000);
  const std::array tensors = {Tensor::of<float>("a", {10000}, large)};
  {
    const FullDisk full(2000);
    EXPECT_THROW(write_safetensors(path, tensors, {}), RunError);
  }
  EXPECT_EQ(TensorFile::read(path).tensors().size(), 8u);
  EXPECT_EQ(count_entries(folder.path()), 1u);
}

}  // namespace
}  // namespace innerloop
