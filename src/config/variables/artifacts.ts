import { address, gateway, text } from "#config/variable.ts";

/** Where the bytes of artifacts lie. */
export const artifacts = {
  bucket: text(gateway("S3_BUCKET"), {
    meaning: "The bytes of artifacts go into this S3 bucket, and not onto the disk",
  }),
  endpoint: address([...gateway("S3_ENDPOINT"), "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"], {
    preset: null,
    meaning: "An S3 server that is not Amazon's",
  }),
  region: text([...gateway("S3_REGION"), "AWS_REGION", "AWS_DEFAULT_REGION"], { meaning: "Region of the bucket" }),
  accessKeyId: text([...gateway("S3_ACCESS_KEY_ID"), "AWS_ACCESS_KEY_ID"], { meaning: "Key of the bucket" }),
  secretAccessKey: text([...gateway("S3_SECRET_ACCESS_KEY"), "AWS_SECRET_ACCESS_KEY"], {
    isSecret: true,
    meaning: "Its secret",
  }),
  prefix: text(gateway("S3_PREFIX"), { meaning: "Put before every key, such as `gateway/`" }),
};
